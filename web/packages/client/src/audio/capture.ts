/** What enters the microphone: frames at the rate that the server hears, and where a voice begins. */
import { features, HEARING_RATE, HOP, SILENCE, WINDOW } from "./features.js";
import { Onset } from "./onset.js";
import { Resampler } from "./resampler.js";

export interface CaptureHooks {
  /** A whole frame, and how loud it is in dBFS. */
  frame(pcm: Int16Array<ArrayBuffer>, level: number): void;
  /** `over`: the agent was sounding when the voice began. */
  voice(what: "began" | "ended", over: boolean): void;
}

/** The most that `push` takes at once; a worklet brings 128. */
const BLOCK = 1024;

export class Capture {
  private readonly toServer: Resampler;
  /** Null where the server hears at the rate at which voices are sought. */
  private readonly toOnset: Resampler | null;
  private readonly sent: Float32Array;
  private readonly heard: Float32Array;
  private readonly frameLength: number;
  private frame: Int16Array<ArrayBuffer>;
  private framed = 0;
  private readonly window = new Float32Array(WINDOW);
  private filled = WINDOW - HOP;
  private level = SILENCE;
  private readonly onset = new Onset();

  constructor(
    deviceRate: number,
    inputRate: number,
    frameMs: number,
    private readonly hooks: CaptureHooks,
  ) {
    this.toServer = new Resampler(deviceRate, inputRate);
    this.toOnset = inputRate === HEARING_RATE ? null : new Resampler(deviceRate, HEARING_RATE);
    this.sent = new Float32Array(this.toServer.room(BLOCK));
    this.heard = new Float32Array(this.toOnset?.room(BLOCK) ?? 0);
    this.frameLength = Math.round((inputRate * frameMs) / 1000);
    this.frame = new Int16Array(this.frameLength);
  }

  /** Takes the next sound of the device; `playing` says whether the agent sounds now. */
  push(input: Float32Array, playing: boolean): void {
    const count = this.toServer.push(input, this.sent);
    if (this.toOnset === null) this.listen(this.sent, count, playing);
    else this.listen(this.heard, this.toOnset.push(input, this.heard), playing);
    for (let i = 0; i < count; i++) {
      this.frame[this.framed++] = Math.max(-32768, Math.min(32767, Math.round(this.sent[i]! * 32768)));
      if (this.framed < this.frameLength) continue;
      this.hooks.frame(this.frame, this.level);
      this.frame = new Int16Array(this.frameLength); // the last one was given away
      this.framed = 0;
    }
  }

  private listen(samples: Float32Array, count: number, playing: boolean): void {
    for (let i = 0; i < count; i++) {
      this.window[this.filled++] = samples[i]!;
      if (this.filled < WINDOW) continue;
      const { level, voicing } = features(this.window);
      this.window.copyWithin(0, HOP);
      this.filled = WINDOW - HOP;
      this.level = level;
      const hop = this.onset.hop(level, voicing, playing);
      if (hop === "began" || hop === "ended") this.hooks.voice(hop, playing);
    }
  }
}
