/** One session on many surfaces: what each may ask of it, and what each is shown. */
import type { MicrophoneState, SoundState } from "./audio/seam.js";
import type { LineState } from "./line.js";
import type { LiveKitSession } from "./livekit-session.js";
import type { AgentActivity, TranscriptEntry } from "./types.js";

/** How a surface shows the line: one that mends itself is `connecting`. */
export type ConnectionState = "idle" | "connecting" | "connected" | "error" | "disconnected";

/** How a surface shows the agent. */
export type AgentState = "idle" | "listening" | "thinking" | "speaking";

/** How the agent shows itself. */
export interface AgentConfig {
  readonly name: string;
  readonly avatarImageUrl: string | null;
  /** A short film that shows the agent while it waits. */
  readonly idleLoopUrl?: string;
}

/** What a surface needs of a session that it does not own; anything of this shape will do. */
export interface ControlledSession {
  readonly agentId: string;
  readonly baseUrl?: string;
  readonly connectionState: ConnectionState;
  readonly agentState: AgentState;
  readonly transcript: readonly TranscriptEntry[];
  readonly agentConfig: AgentConfig | null;
  /** The agent's picture. A surface shows the same stream in an element of its own. */
  readonly videoElement: HTMLVideoElement | null;
  /** The agent's voice; it sounds once, however many surfaces there are. */
  readonly audioElement: HTMLAudioElement | null;
  readonly canResume: boolean;
  readonly error: string | null;
  connect(): Promise<void>;
  disconnect(): void;
  sendData?(data: Record<string, unknown>): Promise<void>;
  subscribeToDataMessages?(handler: (message: Record<string, unknown>) => void): () => void;
}

/** All of a `LiveKitSession` at one moment: frozen, and the same object until something changes. */
export interface Snapshot extends Required<ControlledSession> {
  /** One of the document's seven codes, or the server's own word; null while all is well. */
  readonly errorCode: string | null;
  /** Seconds after which the server asks to try again, where it says so. */
  readonly retryAfter: number | null;
  /** The line without the document's simplification. */
  readonly line: LineState;
  /** The agent without it. */
  readonly activity: AgentActivity;
  readonly microphone: MicrophoneState;
  /** The device that is heard; null while none is, or where the browser does not say. */
  readonly microphoneId: string | null;
  readonly sound: SoundState;
  readonly pushToTalk: boolean;
  /** The tool that the agent uses now. */
  readonly tool: string | null;
  readonly transport: "livekit" | "websocket" | null;
  readonly conversationId: string | null;
  /** How the conversation was gone on with; null for a new one. */
  readonly resumed: "live" | "rebuilt" | null;
  /** Whether the sound of the session is recorded: whoever speaks is to be told. */
  readonly recorded: boolean;
  /** The session itself, for everything else: `sendText`, `interrupt`, levels, devices. */
  readonly session: LiveKitSession;
}
