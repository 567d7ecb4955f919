/** What the widget asks of a session, in the client's own words; nothing of the client is loaded for them. */
import type {
  Agreement,
  ControlledSession,
  LiveKitSession,
  LiveKitSessionOptions,
  Snapshot,
  TranscriptEntry,
} from "@duologue/client";
import type { Texts } from "./texts/index.js";

export type { Agreement, ControlledSession, LiveKitSession, LiveKitSessionOptions, Snapshot, TranscriptEntry };

/** What the widget takes of the client's file. */
export interface Client {
  readonly LiveKitSession: new (options: LiveKitSessionOptions) => LiveKitSession;
  readonly sessionBehind: (controlled: ControlledSession) => LiveKitSession | null;
}

/** A file with the words of a language. */
export interface Language {
  readonly default: Texts;
}

/** Brings the client, once somebody is about to talk. */
export type Load = (url: string) => Promise<Client>;

/** How the widget comes by the rest of itself; another one for the script tag than for a bundler. */
export interface Home {
  readonly origin: string | null;
  readonly load: Load;
  /** Brings a language; where the client is, its file is as well. */
  readonly words: (language: string, client: string) => Promise<Language>;
}
