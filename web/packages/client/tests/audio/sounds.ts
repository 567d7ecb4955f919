/** Sound for the tests of sound, and how to judge what came of it. */

/** A sine at half of full scale. */
export function sine(hertz: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate) / 2);
}

/** White noise that is the same in every run. */
export function noise(samples: number, level = 0.1): Float32Array {
  let seed = 1;
  return Float32Array.from({ length: samples }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed / 2 ** 31 - 1) * level;
  });
}

export function pcm(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (one) => Math.round(one * 32767));
}

export function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
}

/** How far a sound is above all that is not the sine of a frequency, in dB. */
export function purity(samples: Float32Array, hertz: number, rate: number): number {
  const [a, b] = fit(samples, hertz, rate);
  const rest = samples.map((one, i) => one - a * Math.sin(angle(i, hertz, rate)) - b * Math.cos(angle(i, hertz, rate)));
  return 20 * Math.log10(Math.hypot(a, b) / Math.SQRT2 / rms(rest));
}

/** How loud a frequency is, of full scale. */
export function amplitude(samples: Float32Array, hertz: number, rate: number): number {
  return Math.hypot(...fit(samples, hertz, rate));
}

/** The sine and cosine of a frequency that are nearest to a sound, by least squares. */
function fit(samples: Float32Array, hertz: number, rate: number): [number, number] {
  let [ss, sc, cc, xs, xc] = [0, 0, 0, 0, 0];
  samples.forEach((one, i) => {
    const [s, c] = [Math.sin(angle(i, hertz, rate)), Math.cos(angle(i, hertz, rate))];
    ss += s * s;
    sc += s * c;
    cc += c * c;
    xs += one * s;
    xc += one * c;
  });
  const det = ss * cc - sc * sc;
  return [(xs * cc - xc * sc) / det, (xc * ss - xs * sc) / det];
}

function angle(sample: number, hertz: number, rate: number): number {
  return (2 * Math.PI * hertz * sample) / rate;
}

/** The largest step between two neighbours: a click is a large one. */
export function steepest(samples: Float32Array): number {
  let most = 0;
  for (let i = 1; i < samples.length; i++) most = Math.max(most, Math.abs(samples[i]! - samples[i - 1]!));
  return most;
}
