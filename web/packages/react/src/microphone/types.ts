/** The microphone as a component sees it, and what it stands on. */
import type { MicrophoneState } from "@duologue/client";

/** Why there is no voice: the document's two codes, and three that other devices taught us. */
export type MicrophoneErrorCode =
  | "MIC_PERMISSION_DENIED"
  | "MIC_NOT_FOUND"
  | "MIC_LOST"
  | "MIC_UNSUPPORTED"
  | "MIC_FAILED";

/** What the browser lets the page hear; `unknown` where it does not say. */
export type MicrophonePermission = "unknown" | "prompt" | "granted" | "denied";

/** A microphone as a page shows it. */
export interface Microphone {
  readonly state: MicrophoneState;
  readonly permission: MicrophonePermission;
  /** Whether it was taken, muted or not. */
  readonly isEnabled: boolean;
  readonly isMuted: boolean;
  /** The microphones there are; browsers name them only once one was allowed. */
  readonly devices: readonly MediaDeviceInfo[];
  /** The one that is heard; null while none is, or where the browser does not say. */
  readonly deviceId: string | null;
  /** That it was unplugged, and what is heard instead; null since something was done about it. */
  readonly notice: string | null;
  readonly error: string | null;
  readonly errorCode: MicrophoneErrorCode | null;
  /** Takes the microphone, or another one. Never rejects for one that is refused: `error` says it. */
  enable(deviceId?: string): Promise<void>;
  /** Lets go of it. */
  disable(): Promise<void>;
  setMuted(muted: boolean): Promise<void>;
  /** Takes it where it is off, else mutes or unmutes it: what one button does. */
  toggle(): Promise<void>;
  /** Changes to another microphone in mid-call, and remembers it for the next. */
  selectDevice(deviceId: string): Promise<void>;
}

/** What carries the voice away: a session of ours, or a room. */
export interface Carrier {
  readonly connected: boolean;
  /** The line broke and mends itself: what the user wished of the microphone still holds. */
  readonly mending: boolean;
  readonly state: MicrophoneState;
  readonly deviceId: string | null;
  readonly notice: string | null;
  readonly level: number;
  publish(deviceId?: string): Promise<void>;
  unpublish(): Promise<void>;
  setMuted(muted: boolean): Promise<void>;
  /** Says that something changed, until the function that comes back is called. */
  watch(changed: () => void): () => void;
}
