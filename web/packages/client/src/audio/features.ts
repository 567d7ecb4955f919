/** What the onset hears in a window of sound: how loud it is, and how voiced. Twin of `duologue/testing/features.py`. */

export const HEARING_RATE = 16000;
export const WINDOW = 512;
export const HOP = 256;
/** The level of nothing, in dBFS. */
export const SILENCE = -100;

/** Lags of 400 to 80 Hz: the pitch of people. */
const SHORTEST = HEARING_RATE / 400;
const LONGEST = HEARING_RATE / 80;
/** Below it, half a period turns the wave upside down: a beep, not a throat. */
const SWING = -0.95;

export interface Features {
  /** dBFS of the root mean square. */
  readonly level: number;
  /** 0 to 1: how well the wave repeats at the pitch of a voice; 0 for a pure tone. */
  readonly voicing: number;
}

// The audio thread must not make garbage sixty times a second.
const centred = new Float64Array(WINDOW);
const energy = new Float64Array(WINDOW + 1);

/** The level and the voicing of 512 samples between -1 and 1, at 16 kHz. */
export function features(samples: Float32Array): Features {
  if (samples.length !== WINDOW) {
    throw new RangeError(`a window has ${WINDOW} samples, not ${samples.length}; cut or collect it`);
  }
  let sum = 0;
  let squares = 0;
  for (const one of samples) {
    sum += one;
    squares += one * one;
  }
  const power = squares / WINDOW;
  const level = power > 0 ? Math.max(SILENCE, 10 * Math.log10(power)) : SILENCE;
  for (let i = 0; i < WINDOW; i++) {
    const one = samples[i]! - sum / WINDOW;
    centred[i] = one;
    energy[i + 1] = energy[i]! + one * one;
  }
  return { level, voicing: voicing() };
}

/** The likeness of `centred` to itself a pitch period later. */
function voicing(): number {
  let best = 0;
  let worst = 0;
  for (let lag = SHORTEST; lag <= LONGEST; lag++) {
    const both = energy[WINDOW - lag]! * (energy[WINDOW]! - energy[lag]!);
    if (both <= 1e-18) continue;
    let product = 0;
    for (let i = lag; i < WINDOW; i++) product += centred[i]! * centred[i - lag]!;
    const likeness = product / Math.sqrt(both);
    best = Math.max(best, likeness);
    worst = Math.min(worst, likeness);
  }
  return worst < SWING ? 0 : Math.min(best, 1);
}
