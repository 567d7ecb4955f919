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

export type { MicrophoneState, SoundState } from "./audio/seam.js";
export { SessionError } from "./error.js";
export type { LineState } from "./line.js";
export { browserMemory, type Kept, type Memory, type Remembered } from "./memory.js";
export { VERSION } from "./opening.js";
export type {
  AgentActivity,
  Encryption,
  Notice,
  Page,
  SessionEvents,
  SessionOptions,
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
