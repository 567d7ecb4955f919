/**
 * What leaves the loudspeaker: one turn at a time, resampled, counted to the sample.
 *
 * It sounds at once. When the sound that came is used up too early, it waits for a reserve, which
 * grows with every such gap and shrinks while all is well. Every cut is a fade of 5 ms, made at the
 * moment of the cut: so the position is final at once, and a new turn need not wait.
 */
import { Kernel, Place } from "./kernel.js";
import type { PlayedReason } from "./seam.js";

const FADE_SECONDS = 0.005;
const TICK_SECONDS = 0.1;
const RESERVE_MIN = 0.06;
const RESERVE_MAX = 0.2;
/** Seconds of reserve that a second of sound without a gap takes back. */
const RESERVE_DECAY = 0.005;
const FIRST_SECONDS = 4;

/** `samples` of the source left the loudspeaker. */
export type Told = (samples: number, why: PlayedReason) => void;

export class Playout {
  private readonly kernel: Kernel;
  private readonly place: Place;
  private ring: Float32Array;
  private written = 0;
  private base = 0;
  /** Where the turn ends, once everything of it came. */
  private end: number | null = null;
  private on = false;
  private paused = false;
  /** Waits until so many samples are there; 0 sounds with the first. */
  private waitsFor: number | null = null;
  private reserve = 0;
  private gain = 1;
  private readonly fade: Float32Array;
  private fadeAt: number;
  private untold = 0;
  /** Samples of the source that must lie ahead, so that a gap can begin with a fade. */
  private readonly margin: number;

  constructor(
    private readonly sourceRate: number,
    private readonly outRate: number,
    private readonly tell: Told,
  ) {
    this.kernel = new Kernel(sourceRate, outRate);
    this.place = new Place(this.kernel);
    this.fade = new Float32Array(Math.round(FADE_SECONDS * outRate));
    this.fadeAt = this.fade.length;
    this.margin = this.kernel.reach + Math.ceil(FADE_SECONDS * sourceRate) + 1;
    this.ring = new Float32Array(powerOfTwo(FIRST_SECONDS * sourceRate));
  }

  /** Whether something comes out now. */
  get sounding(): boolean {
    return (this.on && !this.paused && this.waitsFor === null) || this.fadeAt < this.fade.length;
  }

  /** A new turn; what is left of the last one is dropped. */
  begin(): void {
    this.drop();
    this.on = true;
    this.end = null;
    this.waitsFor = 0;
    this.gain = 1;
    this.untold = 0;
    this.place.jump(this.written); // what was dropped needs no room
    this.rest(); // what the kernel sees before a turn is silence, not the end of the last one
    this.base = this.written;
    this.place.jump(this.base);
  }

  play(pcm: Int16Array): void {
    if (!this.on || this.end !== null) return;
    this.grow(pcm.length + this.kernel.reach);
    const mask = this.ring.length - 1;
    for (const one of pcm) this.ring[this.written++ & mask] = one / 32768;
  }

  /** No more will come; when the last sample has left, `dry` is told. */
  endTurn(): void {
    if (!this.on || this.end !== null) return;
    this.end = this.written;
    this.rest();
  }

  drop(): void {
    if (!this.on) return;
    this.cut();
    this.on = this.paused = false;
    this.tell(this.position(), "stopped");
  }

  pause(): void {
    if (!this.on || this.paused) return;
    this.cut();
    this.paused = true;
    this.tell(this.position(), "paused");
  }

  resume(): void {
    if (!this.on || !this.paused) return;
    this.paused = false;
    this.gain = 0;
    this.tell(this.position(), "resumed");
  }

  /** Fills the next block of the loudspeaker. */
  render(out: Float32Array): void {
    if (this.waitsFor !== null && this.ready(this.waitsFor)) this.waitsFor = null;
    for (let i = 0; i < out.length; i++) {
      const next = this.next(); // may begin a fade
      out[i] = next + (this.fadeAt < this.fade.length ? this.fade[this.fadeAt++]! : 0);
    }
    if (!this.on) return;
    this.reserve = Math.max(0, this.reserve - (RESERVE_DECAY * out.length) / this.outRate);
    this.untold += out.length;
    if (this.untold < TICK_SECONDS * this.outRate || this.written === this.base) return;
    this.untold %= TICK_SECONDS * this.outRate;
    this.tell(this.position(), "tick");
  }

  /** The next sample, unless there is a reason for silence. */
  private next(): number {
    if (!this.on || this.paused || this.waitsFor !== null) return 0;
    if (this.end === null) {
      if (this.place.whole + this.margin >= this.written) {
        this.starve();
        return 0;
      }
    } else if (this.place.whole >= this.end) {
      this.on = false;
      this.tell(this.position(), "dry");
      return 0;
    }
    this.gain = Math.min(1, this.gain + 1 / this.fade.length);
    return this.gain * this.sample();
  }

  /** What came is used up, and more is to come. */
  private starve(): void {
    this.cut();
    this.reserve = Math.min(RESERVE_MAX, Math.max(RESERVE_MIN, this.reserve * 2));
    this.waitsFor = Math.ceil(this.reserve * this.sourceRate);
    this.gain = 0;
  }

  private ready(samples: number): boolean {
    if (!this.on) return false;
    return this.end !== null || this.written - this.place.whole > this.margin + samples;
  }

  /** Lets the next 5 ms fade away; they count as played. */
  private cut(): void {
    if (this.paused || this.waitsFor !== null) return;
    const left = this.fade.length - this.fadeAt;
    this.fade.copyWithin(0, this.fadeAt); // a fade that is under way goes on beneath this one
    this.fade.fill(0, left);
    this.fadeAt = 0;
    const { length } = this.fade;
    for (let i = 0; i < length && this.place.whole < (this.end ?? this.written - this.kernel.reach); i++) {
      this.fade[i]! += this.gain * (1 - (i + 1) / length) * this.sample();
    }
  }

  private sample(): number {
    const value = this.kernel.at(this.ring, this.ring.length - 1, this.place.whole, this.place.part);
    this.place.advance();
    return value;
  }

  private position(): number {
    return Math.min(this.place.whole, this.end ?? this.written) - this.base;
  }

  /** Silence for the kernel to look at. */
  private rest(): void {
    this.grow(this.kernel.reach + 1);
    for (let i = 0; i <= this.kernel.reach; i++) this.ring[this.written++ & (this.ring.length - 1)] = 0;
  }

  /** Makes room: a turn may come faster than it sounds, or wait until the page may be heard. */
  private grow(samples: number): void {
    const first = Math.max(0, Math.min(this.place.whole, this.written) - this.kernel.reach);
    const needed = this.written + samples - first;
    if (needed <= this.ring.length) return;
    const larger = new Float32Array(powerOfTwo(needed));
    for (let i = first; i < this.written; i++) {
      larger[i & (larger.length - 1)] = this.ring[i & (this.ring.length - 1)]!;
    }
    this.ring = larger;
  }
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
