/** The words of the session's public face. */
import type { MicrophoneState, SoundState } from "./audio/seam.js";
import type { SessionError } from "./error.js";
import type { LineState } from "./line.js";
import type { Memory } from "./memory.js";
import type { AuthorizeAnswer, AuthorizeRequest } from "./wire.js";

/** What the agent is doing. */
export type AgentState = "initializing" | "idle" | "listening" | "thinking" | "speaking";

/** One turn's words, the newest state of them. */
export interface TranscriptEntry {
  /** The turn's id; of a typed message that the server has not confirmed yet, one of ours. */
  readonly id: string;
  readonly role: "user" | "agent";
  readonly text: string;
  /** Whether the words will not change any more. */
  readonly final: boolean;
  /** Whether the agent was cut before its end. */
  readonly interrupted: boolean;
  /** When the turn's first words came, in UTC ms. */
  readonly at: number;
  readonly typed?: boolean;
}

/** A tool of the agent began or ended. */
export interface ToolEvent {
  readonly name: string;
  readonly callId: string;
  readonly status: "started" | "done" | "error";
}

/** A word from the server itself, for the user. */
export interface Notice {
  readonly code: string;
  readonly message: string;
}

export interface SessionOptions {
  /** The agent's slug or id. */
  readonly agent: string;
  /** Where the server is; the page's own origin unless it is named. */
  readonly baseUrl?: string;
  readonly publicKey?: string;
  /** Asks somebody else than the server's own door, such as the site's back end. */
  readonly authorize?: (request: AuthorizeRequest) => Promise<AuthorizeAnswer>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** False: text only, until `enableMicrophone()`. */
  readonly microphone?: boolean;
  /** Where the right to come back is kept; null keeps it nowhere beyond this object. */
  readonly memory?: Memory | null;
  /** The file with the worklets; beside this module unless it is named. */
  readonly workletUrl?: string | URL;
}

export interface SessionEvents {
  state: LineState;
  agentState: AgentState;
  microphone: MicrophoneState;
  sound: SoundState;
  transcript: readonly TranscriptEntry[];
  data: unknown;
  notice: Notice;
  error: SessionError;
  resumability: boolean;
  tool: ToolEvent;
  devices: MediaDeviceInfo[];
}
