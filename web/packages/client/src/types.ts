/** The words of the session's public face. */
import type { MicrophoneState, SoundState } from "./audio/seam.js";
import type { SessionError } from "./error.js";
import type { LineState } from "./line.js";
import type { Memory } from "./memory.js";
import type {
  AgentFace,
  AuthorizeAnswer,
  AuthorizeRequest,
  Opening,
  OpeningConfig,
} from "./wire.js";

/** What the agent is doing. */
export type AgentActivity = "initializing" | "idle" | "listening" | "thinking" | "speaking";

/** What carries a session. */
export type Transport = Opening["transport"];

/** One turn's words, the newest state of them. */
export interface TranscriptEntry {
  /** Its own; of a typed message that the server has not confirmed yet, one of ours. */
  readonly id: string;
  readonly role: "user" | "agent";
  readonly text: string;
  /** Whether the words will not change any more. */
  readonly final: boolean;
  /** Whether the agent was cut before its end. */
  readonly interrupted: boolean;
  /** When the turn's first words came, in UTC ms. */
  readonly timestamp: number;
  readonly typed?: boolean;
  /** Whether the agent wrote this, and no voice says it. */
  readonly written?: boolean;
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

/** The page that a user has before them. */
export interface Page {
  readonly url: string;
  readonly title: string;
  readonly path: string;
}

/** Encrypts a room from end to end: the same key as the agent's, and LiveKit's worker for it. */
export interface Encryption {
  readonly key: string;
  /** `new Worker(…)` of livekit-client's `e2ee-worker`, or a function that makes one. */
  readonly worker: Worker | (() => Worker);
}

/** What opens a line, without asking a door: a JWT opens a room, `dk_session_…` a socket. */
export interface Ticket {
  readonly url: string;
  readonly token: string;
  readonly roomName?: string | null;
  readonly conversationId?: string | null;
  readonly resumeToken?: string | null;
  /** What the server granted; without it everything that this client can do is taken for granted. */
  readonly config?: OpeningConfig;
}

/** What is asked for a session; the server's doors pass over what they do not know. */
export interface SessionRequest extends AuthorizeRequest {
  /** The roads that this browser can travel, the preferred one first. */
  readonly transports: readonly Transport[];
  /** Asks a room's agent for tools, history and all else that our own clients understand. */
  readonly participant_attributes: Readonly<Record<string, string>>;
  readonly e2ee?: boolean;
  readonly visitor_id?: string;
  readonly page?: Page;
}

/** The options of a `Session`. */
export interface SessionOptions {
  /** The agent's slug or id. */
  readonly agent: string;
  /** Where the server is; the page's own origin unless it is named. */
  readonly baseUrl?: string;
  readonly publicKey?: string;
  /** Asks somebody else than the server's own door, such as the site's back end. */
  readonly authorize?: (request: SessionRequest) => Promise<Opening | AuthorizeAnswer>;
  /** Asked in the same words instead of the server's own door; an address and a token are answer enough. */
  readonly sessionEndpoint?: string;
  /** More of the request: what the door does not know is metadata for the agent. */
  readonly sessionBody?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Who visits the site, as its tracker knows it. */
  readonly visitor?: string | (() => string | null);
  /** Only a room is opened then, and only one that is encrypted. */
  readonly encryption?: Encryption;
  /** False: text only, until `publishMicrophone()`. */
  readonly microphone?: boolean;
  /** Where the right to come back is kept; null keeps it nowhere beyond this object. */
  readonly memory?: Memory | null;
  /** The file with the worklets; beside this module unless it is named. */
  readonly workletUrl?: string | URL;
}

/** What a `Session` tells, by `on(name, listener)`, and what comes with each. */
export interface SessionEvents {
  state: LineState;
  agentState: AgentActivity;
  microphone: MicrophoneState;
  sound: SoundState;
  transcript: readonly TranscriptEntry[];
  data: unknown;
  notice: Notice;
  error: SessionError;
  resumability: boolean;
  tool: ToolEvent;
  devices: MediaDeviceInfo[];
  /** How the agent shows itself. */
  agent: AgentFace;
  /** The agent's voice; it sounds by itself, and needs no place in the page. */
  audioElement: HTMLAudioElement | null;
  /** The agent's picture, for a place in the page. */
  videoElement: HTMLVideoElement | null;
  /** The agent wants the page to go to an address. */
  navigate: string;
}
