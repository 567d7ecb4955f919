/** What is heard in sound, and where a voice begins: held to the vectors that Python passes too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../../../tests/vectors/onset.json" with { type: "json" };
import { features } from "../../src/audio/features.js";
import { type Hop, Onset } from "../../src/audio/onset.js";

type Run = [count: number, level: number, voicing: number, playing: boolean];

/** What each hop says, from the hops at which voices begin and end. */
function outputs(length: number, began: number[], ended: number[]): Hop[] {
  let speaking = false;
  return Array.from({ length }, (_, i) => {
    if (began.includes(i)) {
      speaking = true;
      return "began";
    }
    if (ended.includes(i)) {
      speaking = false;
      return "ended";
    }
    return speaking ? "speaking" : "quiet";
  });
}

for (const { name, samples, level, voicing } of vectors.windows) {
  test(`A window of ${name} has the features that Python finds.`, () => {
    const heard = features(Float32Array.from(samples, (one) => one / 32768));
    assert.ok(Math.abs(heard.level - level) < 1e-3, `level ${heard.level}, not ${level}`);
    assert.ok(Math.abs(heard.voicing - voicing) < 1e-3, `voicing ${heard.voicing}, not ${voicing}`);
  });
}

for (const { name, runs, began, ended } of vectors.sequences) {
  test(`A voice begins and ends where it should: ${name}.`, () => {
    const onset = new Onset();
    const said = (runs as Run[]).flatMap(([count, level, voicing, playing]) =>
      Array.from({ length: count }, () => onset.hop(level, voicing, playing)),
    );
    assert.deepEqual(said, outputs(said.length, began, ended));
  });
}

for (const { name, hops, began, ended } of vectors.heard) {
  test(`A voice begins and ends in ${name} where Python hears it.`, () => {
    const onset = new Onset();
    const said = (hops as [number, number][]).map(([level, voicing]) => onset.hop(level, voicing, false));
    assert.deepEqual(said, outputs(said.length, began, ended));
  });
}

test("A window of another length is refused.", () => {
  assert.throws(() => features(new Float32Array(256)), /512 samples, not 256/);
});
