import assert from "node:assert/strict";
import { test } from "node:test";

import { beside, pieceAt } from "../src/plots.js";

test("a place on a plot is a piece of its time, and none beyond its ends", () => {
  assert.deepEqual(
    [-0.2, 0, 0.249, 0.25, 0.99, 1, 7].map((share) => pieceAt(share, 4)),
    [0, 0, 0, 1, 3, 3, 3],
  );
});

test("a note stands beside its place, on the side where there is room", () => {
  assert.equal(beside(100, 80, 400), 112);
  assert.equal(beside(350, 80, 400), 258);
  assert.equal(beside(40, 80, 100), 0);
});
