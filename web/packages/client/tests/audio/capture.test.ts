import assert from "node:assert/strict";
import { test } from "node:test";
import { Capture } from "../../src/audio/capture.js";
import { noise, purity, sine } from "./sounds.js";

interface Caught {
  frames: Int16Array[];
  levels: number[];
  voices: [string, boolean][];
}

function capture(sound: Float32Array, rate: number, inputRate: number, playing = false): Caught {
  const caught: Caught = { frames: [], levels: [], voices: [] };
  const microphone = new Capture(rate, inputRate, 40, {
    frame(pcm, level) {
      caught.frames.push(pcm);
      caught.levels.push(level);
    },
    voice: (what, over) => caught.voices.push([what, over]),
  });
  for (let at = 0; at < sound.length; at += 128) microphone.push(sound.subarray(at, at + 128), playing);
  return caught;
}

/** A vowel of 140 Hz between silences: a buzz with the overtones of a throat. */
function vowel(rate: number): Float32Array {
  const sound = noise(rate * 2, 0.001);
  for (let i = rate * 0.5; i < rate; i++) {
    for (let n = 1; n <= 12; n++) sound[i]! += (0.1 / n) * Math.cos((2 * Math.PI * 140 * n * i) / rate + n * n);
  }
  return sound;
}

for (const [rate, inputRate] of [
  [48000, 16000],
  [44100, 16000],
  [48000, 8000],
] as const) {
  test(`Ten seconds at ${rate} Hz are 250 frames of 40 ms at ${inputRate} Hz, less what the filter holds.`, () => {
    const { frames, levels } = capture(sine(440, rate, 10), rate, inputRate);
    assert.equal(frames.length, 249);
    assert.ok(frames.every((frame) => frame.length === inputRate * 0.04));
    const sound = Float32Array.from(frames.slice(1).flatMap((frame) => [...frame]), (one) => one / 32768);
    assert.ok(purity(sound, 440, inputRate) > 60, "without a gap between frames");
    assert.ok(Math.abs(levels[5]! - -9.03) < 0.2, "a sine at half of full scale has -9 dBFS");
  });
}

for (const inputRate of [16000, 8000]) {
  test(`A voice begins and ends once while the server hears ${inputRate} Hz.`, () => {
    assert.deepEqual(capture(vowel(48000), 48000, inputRate).voices, [
      ["began", false],
      ["ended", false],
    ]);
  });
}

test("A voice over the agent says so.", () => {
  assert.deepEqual(capture(vowel(48000), 48000, 16000, true).voices[0], ["began", true]);
});

test("Too loud a sound is clipped, not wrapped around.", () => {
  const loud = sine(300, 48000, 0.5).map((one) => one * 4);
  const { frames } = capture(loud, 48000, 16000);
  assert.ok(frames.some((frame) => frame.includes(32767) && frame.includes(-32768)));
  assert.ok(frames.every((frame) => frame.every((one, i) => i === 0 || Math.abs(one - frame[i - 1]!) < 20_000)));
});
