/** What the page and its worklets tell each other. Sound goes as buffers that change hands. */
import type { PlayedReason } from "./seam.js";

export const MICROPHONE = "duologue-microphone";
export const SPEAKER = "duologue-speaker";

export interface MicrophoneSetup {
  readonly inputRate: number;
  readonly frameMs: number;
}

export interface SpeakerSetup {
  readonly outputRate: number;
}

export type ToMicrophone = { readonly do: "close" };

export type FromMicrophone =
  | { readonly type: "frame"; readonly pcm: ArrayBuffer; readonly level: number }
  | { readonly type: "voice"; readonly what: "began" | "ended"; readonly over: boolean };

export type ToSpeaker =
  | { readonly do: "begin"; readonly turn: number }
  | { readonly do: "play"; readonly pcm: ArrayBuffer }
  | { readonly do: "end" | "drop" | "pause" | "resume" | "close" };

/** `samples` at the output rate left the loudspeaker since `begin`. */
export interface FromSpeaker {
  readonly turn: number;
  readonly samples: number;
  readonly why: PlayedReason;
}
