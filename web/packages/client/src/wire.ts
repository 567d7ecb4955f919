// Written by `make docs` from src/duologue/wire: layercode.py, opening.py; change those.
// What the server sends has all its fields, but for those that it leaves out when empty.

/** What a Layercode backend posts; unknown fields are ignored, as in every foreign dialect. */
export interface AuthorizeRequest {
  readonly agent_id: string;
  readonly conversation_id?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly custom_metadata?: Readonly<Record<string, unknown>> | null;
  readonly custom_headers?: Readonly<Record<string, string>> | null;
  readonly sdk_version?: string | null;
  readonly config?: Readonly<Record<string, unknown>> | null;
  readonly capabilities?: readonly string[] | null;
  readonly resume_token?: string | null;
}

/** The client hears from now on; a new conversation is greeted. */
export interface ClientReady {
  readonly type: "client.ready";
}

/** A piece of the microphone: base64 of PCM16 mono. */
export interface ClientAudio {
  readonly type: "client.audio";
  readonly content: string;
}

/** What the page's own voice detection thinks; noted, never needed. */
export interface VadEvents {
  readonly type: "vad_events";
  readonly event?: string;
}

/** Push-to-talk: the button went down. */
export interface TriggerTurnStart {
  readonly type: "trigger.turn.start";
  readonly role?: string;
}

/** Push-to-talk: the button was let go. */
export interface TriggerTurnEnd {
  readonly type: "trigger.turn.end";
  readonly role?: string;
}

/** The client's buffer ran dry; see the ledger of turns for when that is believed. */
export interface ReplayFinished {
  readonly type: "trigger.response.audio.replay_finished";
  readonly reason?: string;
  readonly turn_id?: string | null;
  readonly played_ms?: number | null;
}

/** A typed message; one with an `id` that the run knows is a repeat, and does nothing. */
export interface ClientText {
  readonly type: "client.response.text";
  readonly content?: string;
  readonly id?: string | null;
}

/** Anything the page wants the agent to know; it never interrupts speech. */
export interface ClientData {
  readonly type: "client.response.data";
  readonly data?: unknown;
}

/** How much of a turn left the loudspeaker (capability `played`). */
export interface ClientPlayed {
  readonly type: "client.played";
  readonly turn_id: string;
  readonly played_ms: number;
}

/** The user wants the agent to be silent, without a word. */
export interface ClientInterrupt {
  readonly type: "client.interrupt";
}

/** The user leaves on purpose. */
export interface ClientEnd {
  readonly type: "client.end";
}

/** One side asks the other (capability `rpc`). */
export interface RpcRequest {
  readonly type: "rpc.request";
  readonly id: string;
  readonly method: string;
  readonly payload?: string;
  readonly timeout_ms?: number;
}

/** Why a request was not answered: LiveKit's number, and words. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: string;
}

/** The answer to a request, or why there is none (capability `rpc`). */
export interface RpcResponse {
  readonly type: "rpc.response";
  readonly id: string;
  readonly payload?: string | null;
  readonly error?: RpcError | null;
}

/** A value of the state that client and agent share; null takes it away (capability `state`). */
export interface StateSet {
  readonly type: "state.set";
  readonly key: string;
  readonly value?: unknown;
}

/** Attributes of whoever sends this; an empty text takes one away (capability `state`). */
export interface AttributesSet {
  readonly type: "attributes.set";
  readonly attributes: Readonly<Record<string, string>>;
}

/** A file follows in chunks, until all its bytes are there (capability `files`). */
export interface FileBegin {
  readonly type: "file.begin";
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly mime_type?: string;
  readonly topic?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** The next bytes of a file, in base64 (capability `files`). */
export interface FileChunk {
  readonly type: "file.chunk";
  readonly id: string;
  readonly content: string;
}

/** How the user's turns are taken. */
export interface Transcription {
  readonly trigger: "automatic" | "push_to_talk";
  readonly can_interrupt: boolean;
  readonly automatic: boolean;
}

/** Voice detection in the page: off, because the server hears everything itself. */
export interface Vad {
  readonly enabled: boolean;
  readonly gate_audio: boolean;
  readonly buffer_frames: number;
}

/** Sample rates of this session; a stock SDK ignores them. */
export interface AudioFormat {
  readonly input_rate: number;
  readonly output_rate: number;
}

/** What the client must know of the session; `transcription.trigger` is never missing. */
export interface SessionConfig {
  readonly transcription: Transcription;
  readonly vad: Vad;
  readonly audio: AudioFormat;
  readonly capabilities: readonly string[];
  readonly tabs: "reject" | "share" | "takeover";
  readonly recorded: boolean;
}

/** The answer to authorize; `resume_token` and `resumed` are ours, the rest is Layercode's. */
export interface AuthorizeAnswer {
  readonly client_session_key: string;
  readonly conversation_id: string;
  readonly config: SessionConfig;
  readonly session_id: string;
  readonly resume_token?: string | null;
  readonly resumed?: "live" | "rebuilt" | null;
}

/** How an agent shows itself. */
export interface AgentFace {
  readonly name: string;
  readonly avatarImageUrl: string | null;
  readonly idleLoopUrl: string | null;
}

/** What a client must know of its session; `vad` and `audio` mean something on a socket only. */
export interface OpeningConfig {
  readonly transcription: Transcription;
  readonly tabs: "reject" | "share" | "takeover";
  readonly capabilities: readonly string[];
  readonly encryption: boolean;
  readonly recorded?: boolean;
  readonly vad?: Vad | null;
  readonly audio?: AudioFormat | null;
}

/** How a session is opened: a JWT opens a room, `dk_session_…` a socket. */
export interface Opening {
  readonly session_id: string;
  readonly conversation_id: string;
  readonly transport: "livekit" | "websocket";
  readonly url: string;
  readonly token: string;
  readonly room_name: string | null;
  readonly resumable: boolean;
  readonly resume_token: string | null;
  readonly resumed: "live" | "rebuilt" | null;
  readonly agent: AgentFace;
  readonly config: OpeningConfig;
  readonly announce: string | null;
}

/** Every error, at every door of this dialect. */
export interface ErrorBody {
  readonly error: string;
  readonly code: string;
}

/** A turn begins; of the user's, it stops what is playing. */
export interface TurnStart {
  readonly type: "turn.start";
  readonly role: "assistant" | "user";
  readonly turn_id: string;
}

/** A turn is over: of the assistant's, it was heard to its end or cut. */
export interface TurnEnd {
  readonly type: "turn.end";
  readonly role: "assistant" | "user";
  readonly turn_id: string;
  readonly interrupted?: boolean;
}

/** The next words of an answer. */
export interface TextDelta {
  readonly type: "response.text.delta";
  readonly content: string;
  readonly turn_id: string;
}

/** The whole answer, once a turn. */
export interface Text {
  readonly type: "response.text";
  readonly content: string;
  readonly turn_id: string;
}

/** The next sound of an answer: base64 of PCM16 mono. */
export interface Audio {
  readonly type: "response.audio";
  readonly content: string;
  readonly turn_id: string;
  readonly delta_id: string;
}

/** What the agent sends to the page. */
export interface Data {
  readonly type: "response.data";
  readonly content: unknown;
  readonly turn_id: string;
}

/** Everything of this turn was sent. */
export interface ResponseEnd {
  readonly type: "response.end";
  readonly turn_id: string;
}

/** What the user seems to say; replaces the earlier one of the same counter. */
export interface TranscriptInterim {
  readonly type: "user.transcript.interim_delta";
  readonly content: string;
  readonly turn_id: string;
  readonly delta_counter: number;
}

/** What the user said; closes its counter. */
export interface TranscriptDelta {
  readonly type: "user.transcript.delta";
  readonly content: string;
  readonly turn_id: string;
  readonly delta_counter: number;
}

/** The whole of what the user said in a turn. */
export interface Transcript {
  readonly type: "user.transcript";
  readonly content: string;
  readonly turn_id: string;
}

/** What the agent is doing (capability `agent_state`). */
export interface AgentState {
  readonly type: "agent.state";
  readonly state: string;
}

/** A tool began or ended (capability `tools`). */
export interface ToolEvent {
  readonly type: "agent.tool";
  readonly name: string;
  readonly call_id: string;
  readonly status: "done" | "error" | "started";
}

/** What was said earlier in the conversation. */
export interface PastMessage {
  readonly role: "assistant" | "user";
  readonly content: string;
  readonly turn_id: string;
  readonly at: number;
  readonly interrupted: boolean;
}

/** The conversation so far, to a client that comes back (capability `resume`). */
export interface History {
  readonly type: "conversation.history";
  readonly messages: readonly PastMessage[];
}

/** The line is alive; a client that hears nothing for long comes back (capability `resume`). */
export interface Beat {
  readonly type: "duologue.beat";
}

/** The whole shared state, to a client that comes in (capability `state`). */
export interface StateSnapshot {
  readonly type: "state.snapshot";
  readonly values: Readonly<Record<string, unknown>>;
}

export type ClientMessage =
  | ClientReady
  | ClientAudio
  | VadEvents
  | TriggerTurnStart
  | TriggerTurnEnd
  | ReplayFinished
  | ClientText
  | ClientData
  | ClientPlayed
  | ClientInterrupt
  | ClientEnd
  | RpcRequest
  | RpcResponse
  | StateSet
  | AttributesSet
  | FileBegin
  | FileChunk;

export type ServerMessage =
  | TurnStart
  | TurnEnd
  | TextDelta
  | Text
  | Audio
  | Data
  | ResponseEnd
  | TranscriptInterim
  | TranscriptDelta
  | Transcript
  | AgentState
  | ToolEvent
  | History
  | Beat
  | RpcRequest
  | RpcResponse
  | StateSet
  | StateSnapshot
  | AttributesSet
  | FileBegin
  | FileChunk;
