/** What a page writes down for the test: every callback of the SDK, in order. */

export interface Entry {
  /** The callback, or for messages `message`. */
  readonly name: string;
  readonly value: unknown;
}

export interface Loudness {
  /** How many entries the log had. */
  readonly after: number;
  readonly amplitude: number;
}

export interface State {
  readonly status: string;
  readonly conversationId: string | null;
  readonly userSpeaking: boolean;
  readonly agentSpeaking: boolean;
  readonly isMuted: boolean;
}

/** The handle that a test holds of a page. */
export interface Page {
  readonly log: readonly Entry[];
  readonly loudness: readonly Loudness[];
  readonly microphone: readonly Loudness[];
  /** Makes the client (again). */
  make(options: Options): void;
  /** Calls a method of the client by name. */
  call(method: string, ...values: unknown[]): Promise<unknown>;
  state(): State;
}

export interface Options {
  readonly agentId: string;
  readonly websocketUrl: string;
  readonly authorizeSessionEndpoint: string;
  readonly conversationId?: string | null;
  readonly metadata?: Record<string, unknown>;
  readonly audioInput?: boolean;
  readonly audioOutput?: boolean;
  readonly enableVAD?: boolean;
}

declare global {
  interface Window {
    page: Page;
  }
}

export const log: Entry[] = [];
export const loudness: Loudness[] = [];
export const microphone: Loudness[] = [];

/** Writes one callback down; errors become their message. */
export function note(name: string, value: unknown = null): void {
  log.push({ name, value: value instanceof Error ? value.message : value });
}

/** The callbacks that both SDKs know under the same name. */
export const callbacks = {
  onConnect: (value: { conversationId: string | null; config?: unknown }) =>
    note("connect", value),
  onDisconnect: () => note("disconnect"),
  onError: (error: Error) => note("error", error),
  onDataMessage: (message: unknown) => note("data", message),
  onMessage: (message: unknown) => note("message", message),
  onMuteStateChange: (muted: boolean) => note("mute", muted),
  onAgentSpeakingChange: (speaking: boolean) => note("agentSpeaking", speaking),
} as const;
