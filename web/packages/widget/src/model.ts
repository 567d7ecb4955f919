/** Everything that a widget shows, as plain values; `scene` says how it looks. */
import type { Settings } from "./settings.js";
import type { ControlledSession, Snapshot } from "./seam.js";

/** Why a conversation is not going on, in the server's or the client's words. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  /** When the widget tries again by itself, in milliseconds of the page's clock. */
  readonly retryAt: number | null;
}

/** What the widget knows of its line, whoever holds it. */
export interface Line {
  readonly state: Snapshot["line"];
  readonly activity: Snapshot["activity"];
  readonly microphone: Snapshot["microphone"];
  /** The device that is heard, as far as it is known. */
  readonly microphoneId: string | null;
  readonly sound: Snapshot["sound"];
  readonly pushToTalk: boolean;
  readonly resumable: boolean;
  readonly recorded: boolean;
  readonly tool: string | null;
  readonly trouble: Omit<Trouble, "retryAt"> | null;
  readonly retryAfter: number | null;
  /** False for an object of the page's own, of which only its words are known. */
  readonly whole: boolean;
}

export interface Model {
  readonly settings: Settings;
  readonly line: Line;
  readonly trouble: Trouble | null;
  /** The talk button of a push-to-talk agent is down. */
  readonly holding: boolean;
  /** When the line broke, in milliseconds of the page's clock. */
  readonly lostAt: number | null;
  readonly online: boolean;
  /** Something was said, so there is a transcript to show. */
  readonly spoken: boolean;
  /** The terms are before the visitor, who has not agreed yet. */
  readonly asks: boolean;
}

export const IDLE: Line = {
  state: "idle",
  activity: "initializing",
  microphone: "off",
  microphoneId: null,
  sound: "off",
  pushToTalk: false,
  resumable: false,
  recorded: false,
  tool: null,
  trouble: null,
  retryAfter: null,
  whole: true,
};

export function fresh(settings: Settings, online: boolean): Model {
  return {
    settings,
    line: IDLE,
    trouble: null,
    holding: false,
    lostAt: null,
    online,
    spoken: false,
    asks: false,
  };
}

/** The line of a session. */
export function lineOf(snapshot: Snapshot): Line {
  const { line, activity, microphone, microphoneId, sound, pushToTalk, tool, canResume, recorded, retryAfter } =
    snapshot;
  return {
    state: line,
    activity,
    microphone,
    microphoneId,
    sound,
    pushToTalk,
    resumable: canResume,
    recorded,
    tool,
    // The server's own word says more than the document's seven codes.
    trouble: troubleOf(snapshot.error, snapshot.session.failure?.code ?? snapshot.errorCode),
    retryAfter,
    whole: true,
  };
}

/** The line of an object of the page's own. */
export function bareLine(controlled: ControlledSession): Line {
  const { connectionState, agentState, canResume, error } = controlled;
  return {
    ...IDLE,
    state: connectionState === "error" ? "failed" : connectionState,
    activity: agentState,
    microphone: "on",
    sound: "on",
    resumable: canResume,
    trouble: troubleOf(error, null),
    whole: false,
  };
}

function troubleOf(message: string | null, code: string | null): Line["trouble"] {
  if (code?.startsWith("MIC_")) return null; // the microphone's state says it
  return message === null && code === null ? null : { code: code ?? "unknown", message: message ?? "" };
}

/** Whether a line is there, or comes. */
export function isOpen({ state }: Line): boolean {
  return state === "connecting" || state === "connected" || state === "reconnecting";
}
