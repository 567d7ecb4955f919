/** What the widget asks of a session, in the client's own words; nothing of the client is loaded for them. */
import type {
  ControlledSession,
  LiveKitSession,
  LiveKitSessionOptions,
  Snapshot,
  TranscriptEntry,
} from "@duologue/client";

export type { ControlledSession, LiveKitSession, LiveKitSessionOptions, Snapshot, TranscriptEntry };

/** What the widget takes of the client's file. */
export interface Client {
  readonly LiveKitSession: new (options: LiveKitSessionOptions) => LiveKitSession;
  readonly sessionBehind: (controlled: ControlledSession) => LiveKitSession | null;
}

/** Brings the client, once somebody is about to talk. */
export type Load = (url: string) => Promise<Client>;

/** How the widget comes by the rest of itself; another one for the script tag than for a bundler. */
export interface Home {
  readonly origin: string | null;
  readonly load: Load;
}
