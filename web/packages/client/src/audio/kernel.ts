/** A windowed sinc: the value of sampled sound between its samples, without what the new rate cannot carry. */

/** Zero crossings on each side. */
const WIDTH = 16;
/** Kaiser's beta for 80 dB. */
const BETA = 8;
/** Where the low-pass has its middle, of the lower Nyquist frequency: above, nothing is left to fold back. */
const CUTOFF = 0.9;

/**
 * From one rate to another. Between two samples of the source the new ones lie at few places only
 * (3 from 16 to 48 kHz, 441 to 44.1 kHz), so the weights of each are reckoned once.
 */
export class Kernel {
  /** Source samples that a value needs after its own. */
  readonly reach: number;
  /** What a step of the new rate is, in parts of a source sample: `step / parts`. */
  readonly step: number;
  readonly parts: number;
  private readonly rows: Float32Array;

  constructor(from: number, to: number) {
    if (!(from >= 1 && to >= 1)) throw new RangeError(`cannot resample ${from} Hz to ${to} Hz`);
    const common = divisor(Math.round(from), Math.round(to));
    this.step = Math.round(from) / common;
    this.parts = Math.round(to) / common;
    const scale = CUTOFF * Math.min(1, to / from);
    this.reach = Math.ceil(WIDTH / scale);
    const width = 2 * this.reach;
    this.rows = new Float32Array(this.parts * width);
    for (let part = 0; part < this.parts; part++) {
      for (let i = 0; i < width; i++) {
        const distance = i + 1 - this.reach - part / this.parts;
        this.rows[part * width + i] = scale * weight(distance * scale);
      }
    }
  }

  /** The value at `whole + part / parts` of a ring whose length is `mask + 1`, a power of two. */
  at(ring: Float32Array, mask: number, whole: number, part: number): number {
    const width = 2 * this.reach;
    const first = whole - this.reach + 1;
    const row = part * width;
    let sum = 0;
    for (let i = 0; i < width; i++) sum += ring[(first + i) & mask]! * this.rows[row + i]!;
    return sum;
  }
}

/** A place between samples, counted in whole numbers: it never drifts, however long a call is. */
export class Place {
  whole = 0;
  part = 0;

  constructor(private readonly kernel: Kernel) {}

  /** To the next sample of the new rate. */
  advance(): void {
    this.part += this.kernel.step;
    while (this.part >= this.kernel.parts) {
      this.part -= this.kernel.parts;
      this.whole++;
    }
  }

  /** To a sample of the source. */
  jump(whole: number): void {
    this.whole = whole;
    this.part = 0;
  }
}

/** The sinc at a distance in zero crossings, in Kaiser's window. */
function weight(distance: number): number {
  const part = distance / WIDTH;
  if (Math.abs(part) >= 1) return 0;
  const x = Math.PI * distance;
  const sinc = x === 0 ? 1 : Math.sin(x) / x;
  return (sinc * bessel(BETA * Math.sqrt(1 - part * part))) / bessel(BETA);
}

/** The modified Bessel function I0, of which Kaiser's window is made. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
