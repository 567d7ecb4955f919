/** What components of this package are given, whoever holds the session. */
import type { ControlledSession, LiveKitSession, Snapshot } from "@duologue/client";
import type { Room } from "livekit-client";

/** Whose voice. */
export type Speaker = "agent" | "user";

/** A session that can be typed to besides; `agentSessionOf` makes one of any `ControlledSession`. */
export interface AgentSession extends ControlledSession {
  /** The LiveKit room underneath; null while there is none, and on a WebSocket. */
  getRoom(): Room | null;
  /** Rejects where the session takes no text. */
  sendText(text: string): Promise<void>;
  /** How loud somebody is now, 0..1; where it is missing, the sound itself is listened to. */
  level?(of: Speaker): number;
}

/** What `useLiveKitSession` can be asked to do; each is the same function for as long as the session is. */
export interface SessionActs {
  connect(): Promise<void>;
  connectWithToken(url: string, token: string): Promise<void>;
  disconnect(): void;
  /** Forgets the conversation, so that the next `connect()` begins another. */
  reset(): void;
  getRoom(): Room | null;
  sendText(text: string): Promise<void>;
  sendData(data: Record<string, unknown>): Promise<void>;
  subscribeToDataMessages(handler: (message: Record<string, unknown>) => void): () => void;
  publishMicrophone(track?: MediaStreamTrack | { deviceId: string }): Promise<void>;
  unpublishMicrophone(): Promise<void>;
  setMuted(muted: boolean): void;
  interrupt(): void;
  level(of: Speaker): number;
}

/** What `useLiveKitSession` gives: a new object at each change, and no other time. */
export type LiveKitSessionState = Omit<Snapshot, "session" | keyof SessionActs> &
  SessionActs & {
    /** The session itself, for everything else; null on the server, and until it was mounted. */
    readonly session: LiveKitSession | null;
  };
