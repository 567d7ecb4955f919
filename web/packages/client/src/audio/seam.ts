/** What the session asks of sound, and what sound tells the session: all that either knows of the other. */

/** The microphone as a page shows it: `lost` is one that was unplugged with no other to take its place. */
export type MicrophoneState =
  | "off"
  | "asking"
  | "on"
  | "muted"
  | "denied"
  | "missing"
  | "lost"
  | "unsupported";

/** The loudspeaker: `blocked` waits for a click, as browsers demand before a page may be heard. */
export type SoundState = "off" | "blocked" | "on";

/** Why a position is told: `dry` is the end of a turn that was heard wholly. */
export type PlayedReason = "tick" | "paused" | "resumed" | "stopped" | "dry";

/** A microphone's device id, or a track of the page's own, which the page ends itself. */
export type Source = string | MediaStreamTrack;

export interface AudioOptions {
  /** The file with both worklets; never a blob, so that `script-src 'self'` is enough. */
  readonly workletUrl: string | URL;
  readonly inputRate: number;
  readonly outputRate: number;
  /** How much microphone one frame holds. */
  readonly frameMs: number;
  /** Whether the agent's voice may pause by itself while the user seems to speak. */
  readonly bargeIn: boolean;
}

export interface AudioHooks {
  /** One frame of the microphone, PCM16 mono at `inputRate`. */
  microphone(pcm: Int16Array): void;
  /** How much of the turn that `beginTurn` opened left the loudspeaker. `dry` comes once a turn. */
  played(ms: number, why: PlayedReason): void;
  micState(state: MicrophoneState): void;
  soundState(state: SoundState): void;
  devices(list: MediaDeviceInfo[]): void;
  /** The microphone was unplugged, and this one took its place; null: the page's own track ended. */
  replaced(label: string | null): void;
  /** The agent's voice as an element; null while there is none. */
  element(element: HTMLAudioElement | null): void;
  /** The sound broke down while it was open; nothing is heard, and nothing sounds, from then on. */
  failed(reason: string): void;
}

/** Implemented by `class Audio` in `audio.ts`; the session's tests put another one in its place. */
export interface AudioSeam {
  /** Opens the device; the sound may be `blocked` afterwards. */
  open(): Promise<void>;
  /** Never rejects for a microphone that is refused or missing: `micState` says it. */
  startMicrophone(source?: Source): Promise<void>;
  stopMicrophone(): void;
  setMuted(muted: boolean): void;
  /** Push-to-talk: frames come only while the gate is open. It is open at first. */
  setGate(open: boolean): void;
  /** What `play` brings from now on is a new turn, whose position starts at 0. */
  beginTurn(): void;
  play(pcm: Int16Array): void;
  /** No more sound of this turn will come. */
  endTurn(): void;
  /** Silence now, and the rest is forgotten; tells `stopped` if something was still to be heard. */
  drop(): void;
  /** The device that is heard; null while none is, or where the browser does not say. */
  readonly microphoneId: string | null;
  readonly inputLevel: number;
  readonly outputLevel: number;
  readonly playedMs: number;
  /** Call from a click. */
  resumeSound(): Promise<void>;
  /** Idempotent; releases the device, the tracks and every listener. */
  close(): Promise<void>;
}

export type AudioFactory = (options: AudioOptions, hooks: AudioHooks) => AudioSeam;
