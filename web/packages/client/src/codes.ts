/** The code that an error has for `onError`: one of the document's seven, or the server's own word. */
import type { MicrophoneState } from "./audio/seam.js";
import { SessionError } from "./error.js";
import type { Notice } from "./types.js";

/** What a line says of its own end, whoever ended it. */
const LINE: ReadonlySet<string> = new Set(["line_lost", "ended", "replaced", "removed", "left"]);

/** The code of an error; `lost` says that it is the end of a line that was open. */
export function codeOf(error: SessionError, lost: boolean): string {
  if (error.code === "agent_timeout") return "AGENT_TIMEOUT";
  if (error.code.startsWith("MIC_") || error.code === "agent_left") return error.code;
  return lost || LINE.has(error.code) ? "ROOM_DISCONNECT" : error.code;
}

/** What LiveKit's own way to a microphone threw: a page may go it in a room. */
export function microphoneRefused(error: Error): SessionError {
  const denied = error.name === "NotAllowedError" || error.name === "SecurityError";
  return microphoneTrouble(denied ? "denied" : "missing") as SessionError;
}

/** What is said of a microphone that is gone: what took its place; null where nothing shall. */
export function microphoneGone(label: string | null): Notice {
  if (label === null) {
    return { code: "microphone_ended", message: "The page's own sound has ended; nobody is heard." };
  }
  const message = `The microphone is gone; ${label || "another one"} is used now.`;
  return { code: "microphone_replaced", message };
}

/** What became of a microphone that was asked for; null where there is nothing to be said. */
export function microphoneTrouble(state: MicrophoneState): SessionError | null {
  switch (state) {
    case "denied":
      return new SessionError(
        "MIC_PERMISSION_DENIED",
        "This page may not use the microphone. Allow it in the browser, and try again.",
      );
    case "missing":
      return new SessionError("MIC_NOT_FOUND", "There is no microphone here. Plug one in, and try again.");
    case "lost":
      return new SessionError("MIC_NOT_FOUND", "The microphone was unplugged, and there is no other one.");
    case "unsupported":
      return new SessionError(
        "MIC_NOT_FOUND",
        "This page has no microphones: browsers give them to pages on https or localhost only, " +
          'and to a frame of another origin with allow="microphone".',
      );
    case "off":
    case "asking":
    case "on":
    case "muted":
      return null;
    default:
      state satisfies never;
      return null;
  }
}
