/** What went wrong with a microphone, in words that say what to do. */
import type { MicrophoneState } from "@duologue/client";
import type { MicrophoneErrorCode } from "./types.js";

export interface MicrophoneFailure {
  readonly code: MicrophoneErrorCode;
  readonly message: string;
}

const WORDS: Record<MicrophoneErrorCode, string> = {
  MIC_PERMISSION_DENIED:
    "The microphone is blocked. Allow it in the browser's address bar, then try again.",
  MIC_NOT_FOUND: "There is no microphone. Connect one, then try again.",
  MIC_LOST: "The microphone was unplugged. Connect it again, or choose another.",
  MIC_UNSUPPORTED: "This page may not use a microphone: it needs https, or a newer browser.",
  MIC_FAILED: "The microphone could not be used. Another program may hold it.",
};

/** Null for a state in which nothing is wrong. */
export function failureOf(state: MicrophoneState): MicrophoneFailure | null {
  switch (state) {
    case "denied":
      return said("MIC_PERMISSION_DENIED");
    case "missing":
      return said("MIC_NOT_FOUND");
    case "lost":
      return said("MIC_LOST");
    case "unsupported":
      return said("MIC_UNSUPPORTED");
    case "off":
    case "asking":
    case "on":
    case "muted":
      return null;
    default:
      return state satisfies never;
  }
}

/** What a browser threw instead of a microphone, as a state; null for what no state names. */
export function stateOf(error: unknown): MicrophoneState | null {
  switch ((error as Partial<DOMException> | null)?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    default:
      return null;
  }
}

export function said(code: MicrophoneErrorCode): MicrophoneFailure {
  return { code, message: WORDS[code] };
}
