/** Which words are settled, so that a screen reader hears each of them once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TranscriptEntry } from "@duologue/client";
import { Levels } from "../src/levels.js";
import { prefix } from "../src/transcript.js";

const entry = (role: TranscriptEntry["role"], final: boolean): TranscriptEntry => ({
  id: "x",
  role,
  text: "x",
  final,
  interrupted: false,
  timestamp: 0,
});

test("words are settled up to the first that still move", () => {
  assert.equal(prefix([]), 0);
  assert.equal(prefix([entry("agent", true), entry("user", true)]), 2);
  assert.equal(prefix([entry("agent", true), entry("user", false)]), 1);
  assert.equal(prefix([entry("agent", false), entry("user", true)]), 0);
});

test("a line that its speaker left behind holds nothing up", () => {
  assert.equal(prefix([entry("agent", false), entry("user", true), entry("agent", true)]), 3);
});

test("a voice rises at once, falls slowly, and comes to rest", () => {
  const levels = new Levels();
  levels.push(1);
  const loud = levels.now;
  levels.push(0);
  assert.ok(loud > 0.5 && levels.now > loud / 2 && levels.now < loud);
  assert.ok(Math.abs(levels.ago(1) - loud) < 1e-6);
  for (let frame = 0; frame < 100; frame++) levels.push(0);
  assert.equal(levels.now, 0);
  levels.push(Number.POSITIVE_INFINITY);
  assert.ok(levels.now <= 1);
});
