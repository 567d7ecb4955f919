/** Loudness as a drawing wants it. */

/** Fainter is still, and full scale less a little headroom is full. */
const STILL = -60;
const FULL = -10;

/** dBFS as 0..1, in the steps in which ears hear. */
export function drawn(dbfs: number): number {
  return Math.max(0, Math.min(1, (dbfs - STILL) / (FULL - STILL)));
}

/** dBFS of the root mean square. */
export function loudness(samples: Float32Array): number {
  let squares = 0;
  for (const one of samples) squares += one * one;
  return 10 * Math.log10(squares / samples.length + 1e-12);
}
