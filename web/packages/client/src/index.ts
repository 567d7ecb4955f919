/** `@duologue/client`: talk with a duologue agent from a page. */
import { SessionCore } from "./session.js";
import type { SessionOptions } from "./types.js";
import { browserWorld } from "./world.js";

/** A conversation with an agent, in this page. */
export class Session extends SessionCore {
  constructor(options: SessionOptions) {
    super(options, browserWorld());
  }
}

export { Meter, TrackMeter } from "./audio/meter.js";
export type { MicrophoneState, SoundState } from "./audio/seam.js";
export type {
  AgentConfig,
  AgentState,
  ConnectionState,
  ControlledSession,
  Snapshot,
} from "./controlled.js";
export { SessionError } from "./error.js";
export { type Said, saveSession } from "./keeping.js";
export type { LineState } from "./line.js";
export { LiveKitSession, lead, type Microphone, sessionBehind } from "./livekit-session.js";
export { browserMemory, type Kept, type Memory, type Remembered } from "./memory.js";
export type { Agreement, SessionOptions, SessionOptions as LiveKitSessionOptions } from "./options.js";
export { VERSION } from "./opening.js";
export {
  clearSession,
  GRACE,
  isLive,
  loadSession,
  RESUME_WINDOW,
  type SavedSession,
  type Store,
} from "./saved.js";
export * from "./tracker/index.js";
export type {
  AgentActivity,
  Encryption,
  Notice,
  Page,
  SessionEvents,
  SessionOptions as EngineOptions,
  SessionRequest,
  Ticket,
  ToolEvent,
  TranscriptEntry,
  Transport,
} from "./types.js";
export type {
  AgentFace,
  AuthorizeAnswer,
  AuthorizeRequest,
  Opening,
  OpeningConfig,
  SessionConfig,
} from "./wire.js";
