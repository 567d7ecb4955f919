import assert from "node:assert/strict";
import { test } from "node:test";

import { sounding } from "../src/conversation/sounds.js";

const TWO = [
  { from: -200, long: 10_000 },
  { from: 30_000, long: 5000 },
];

test("a time is heard in the recording that covers it", () => {
  assert.deepEqual(sounding(TWO, -200), { index: 0, into: 0 });
  assert.deepEqual(sounding(TWO, 4000), { index: 0, into: 4200 });
  assert.deepEqual(sounding(TWO, 34_999), { index: 1, into: 4999 });
});

test("in the silence between two, the next begins", () => {
  assert.deepEqual(sounding(TWO, 9800), { index: 1, into: 0 });
  assert.deepEqual(sounding(TWO, -5000), { index: 0, into: 0 });
});

test("behind the last there is nothing, nor where nothing was recorded", () => {
  assert.equal(sounding(TWO, 35_000), null);
  assert.equal(sounding([], 0), null);
});

test("one that is still written covers all that comes", () => {
  assert.deepEqual(sounding([{ from: 1000, long: Infinity }], 99_000), { index: 0, into: 98_000 });
});
