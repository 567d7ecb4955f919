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
export { VERSION } from "./authorize.js";
export { SessionError } from "./error.js";
export type { LineState } from "./line.js";
export { browserMemory, type Kept, type Memory, type Remembered } from "./memory.js";
export type {
  AgentState,
  Notice,
  SessionEvents,
  SessionOptions,
  ToolEvent,
  TranscriptEntry,
} from "./types.js";
export type { AuthorizeAnswer, AuthorizeRequest, SessionConfig } from "./wire.js";
