/** A stream of sound at another rate; where its chunks begin and end changes nothing. */
import { Kernel, Place } from "./kernel.js";

/** The most that goes in at once before something comes out: far more than a worklet's 128. */
const PIECE = 1024;

export class Resampler {
  private readonly kernel: Kernel;
  private readonly place: Place;
  private readonly ring: Float32Array;
  private readonly mask: number;
  private readonly ratio: number;
  private written = 0;

  constructor(from: number, to: number) {
    this.kernel = new Kernel(from, to);
    this.place = new Place(this.kernel);
    this.ratio = to / from;
    let size = 1;
    while (size < PIECE + 2 * this.kernel.reach + 2) size *= 2;
    this.ring = new Float32Array(size);
    this.mask = size - 1;
  }

  /** How long `out` must be for a chunk of so many samples. */
  room(samples: number): number {
    return Math.ceil(samples * this.ratio) + 1;
  }

  /** Takes a chunk, writes what it makes audible to `out` and gives back how much that is; nothing is allocated. */
  push(input: Float32Array, out: Float32Array): number {
    let count = 0;
    for (let i = 0; i < input.length; ) {
      for (const end = Math.min(i + PIECE, input.length); i < end; i++) {
        this.ring[this.written++ & this.mask] = input[i]!;
      }
      while (this.place.whole + this.kernel.reach < this.written) {
        out[count++] = this.kernel.at(this.ring, this.mask, this.place.whole, this.place.part);
        this.place.advance();
      }
    }
    return count;
  }
}
