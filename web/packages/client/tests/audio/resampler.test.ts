import assert from "node:assert/strict";
import { test } from "node:test";
import { Resampler } from "../../src/audio/resampler.js";
import { amplitude, noise, purity, rms, sine } from "./sounds.js";

/** A sound at another rate, in chunks of the given lengths, the last of which is repeated. */
function resample(input: Float32Array, from: number, to: number, ...chunks: number[]): Float32Array {
  const resampler = new Resampler(from, to);
  const made: number[] = [];
  for (let at = 0, turn = 0; at < input.length; turn++) {
    const chunk = input.subarray(at, at + (chunks[Math.min(turn, chunks.length - 1)] ?? input.length));
    const out = new Float32Array(resampler.room(chunk.length));
    made.push(...out.subarray(0, resampler.push(chunk, out)));
    at += chunk.length;
  }
  return Float32Array.from(made);
}

for (const [from, to] of [
  [48000, 16000],
  [44100, 16000],
  [16000, 48000],
  [16000, 44100],
  [16000, 16000],
  [48000, 8000],
  [24000, 44100],
] as const) {
  test(`A tone stays pure and as loud as it was from ${from} to ${to} Hz.`, () => {
    for (const hertz of [300, 1000, 2500]) {
      const settled = resample(sine(hertz, from, 0.5), from, to).subarray(200, -200);
      const snr = purity(settled, hertz, to);
      assert.ok(snr > 80, `${hertz} Hz: ${snr.toFixed(1)} dB`);
      assert.ok(Math.abs(amplitude(settled, hertz, to) - 0.5) < 0.001);
    }
  });

  test(`What comes out of ${from} Hz at ${to} Hz is as long as what went in.`, () => {
    const made = resample(noise(from), from, to, 128).length;
    assert.ok(to - made >= 0 && to - made <= (40 * Math.max(from, to)) / from, `${made} samples`);
  });

  test(`The borders of chunks change nothing from ${from} to ${to} Hz.`, () => {
    const input = noise(6000);
    const whole = resample(input, from, to);
    assert.ok(whole.length > 900);
    assert.deepEqual(resample(input, from, to, 128), whole);
    assert.deepEqual(resample(input, from, to, 1, 7, 1500, 3, 331), whole);
  });
}

test("What 16 kHz cannot carry does not come back as another tone.", () => {
  const folded = resample(sine(10_000, 48000, 0.5), 48000, 16000).subarray(200, -200);
  const down = 20 * Math.log10(rms(folded) / rms(sine(10_000, 48000, 0.5)));
  assert.ok(down < -60, `${down.toFixed(1)} dB`);
});

test("What 16 kHz could not carry is not invented at 48 kHz.", () => {
  const images = resample(sine(3000, 16000, 0.5), 16000, 48000).subarray(200, -200);
  assert.ok(amplitude(images, 13_000, 48000) < 0.0005);
});

test("A rate of nothing is refused.", () => {
  assert.throws(() => new Resampler(48000, 0), /48000 Hz to 0 Hz/);
  assert.throws(() => new Resampler(Number.NaN, 16000), RangeError);
});
