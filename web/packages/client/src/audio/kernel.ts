/** A windowed sinc: the value of sampled sound between its samples, without what the new rate cannot carry. */

/** Zero crossings on each side. */
const WIDTH = 16;
/** Values between two zero crossings; linear steps between them are wrong by less than 16 bits show. */
const FINE = 512;
const END = WIDTH * FINE;
/** Kaiser's beta for 80 dB. */
const BETA = 8;
/** Where the low-pass has its middle, of the lower Nyquist frequency: above, nothing is left to fold back. */
const CUTOFF = 0.9;

const TABLE = table();

export class Kernel {
  /** Source samples that a value needs after its own. */
  readonly reach: number;
  private readonly scale: number;
  private readonly step: number;

  constructor(from: number, to: number) {
    if (!(from > 0 && to > 0)) throw new RangeError(`cannot resample ${from} Hz to ${to} Hz`);
    this.scale = CUTOFF * Math.min(1, to / from);
    this.step = this.scale * FINE;
    this.reach = Math.ceil(WIDTH / this.scale);
  }

  /** The value at `whole + fraction` of a ring whose length is `mask + 1`, a power of two. */
  at(ring: Float32Array, mask: number, whole: number, fraction: number): number {
    const { step } = this;
    let sum = 0;
    for (let i = whole, u = fraction * step; u < END; i--, u += step) sum += ring[i & mask]! * weight(u);
    for (let i = whole + 1, u = (1 - fraction) * step; u < END; i++, u += step) sum += ring[i & mask]! * weight(u);
    return sum * this.scale;
  }
}

/** A place between samples, counted in whole numbers: it never drifts, however long a call is. */
export class Place {
  whole = 0;
  private phase = 0;
  private readonly from: number;
  private readonly to: number;

  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }

  get fraction(): number {
    return this.phase / this.to;
  }

  /** To the next sample of the new rate. */
  advance(): void {
    this.phase += this.from;
    while (this.phase >= this.to) {
      this.phase -= this.to;
      this.whole++;
    }
  }

  /** To a sample of the source. */
  jump(whole: number): void {
    this.whole = whole;
    this.phase = 0;
  }
}

function weight(u: number): number {
  const i = Math.floor(u);
  const low = TABLE[i]!;
  return low + (u - i) * (TABLE[i + 1]! - low);
}

function table(): Float64Array {
  const values = new Float64Array(END + 2);
  for (let i = 0; i < END; i++) {
    const x = (Math.PI * i) / FINE;
    const sinc = i === 0 ? 1 : Math.sin(x) / x;
    values[i] = (sinc * bessel(BETA * Math.sqrt(1 - (i / END) ** 2))) / bessel(BETA);
  }
  return values;
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
