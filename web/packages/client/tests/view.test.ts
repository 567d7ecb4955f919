/** How the states are shown, and when a snapshot is another one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import states from "../../../../tests/vectors/states.json" with { type: "json" };
import type { Snapshot } from "../src/controlled.js";
import { AGENT, CONNECTION, faceOf, seen } from "../src/view.js";

test("The words are those of the other faces.", () => {
  assert.deepEqual(Object.entries(CONNECTION), states.line);
  assert.deepEqual(Object.entries(AGENT), states.agent);
});

test("A snapshot is frozen, and the same object until something is different.", () => {
  const now = { connectionState: "idle", transcript: [] } as unknown as Snapshot;
  const first = seen(null, now);
  assert.ok(Object.isFrozen(first));
  assert.equal(seen(first, { ...now }), first);
  const other = seen(first, { ...now, transcript: [] });
  assert.notEqual(other, first);
  assert.equal(seen(other, { ...other }), other);
});

test("How an agent shows itself stays the same object, and is kept once it is known.", () => {
  const face = { name: "Desk", avatarImageUrl: null, idleLoopUrl: null };
  const first = faceOf(null, face);
  assert.deepEqual(first, { name: "Desk", avatarImageUrl: null });
  assert.ok(Object.isFrozen(first));
  assert.equal(faceOf(first, { ...face }), first);
  assert.equal(faceOf(first, null), first);
  assert.equal(faceOf(first, { ...face, name: "" }), first);
  const film = faceOf(first, { ...face, idleLoopUrl: "/idle.mp4" });
  assert.deepEqual(film, { name: "Desk", avatarImageUrl: null, idleLoopUrl: "/idle.mp4" });
  assert.equal(faceOf(film, { ...face, idleLoopUrl: "/idle.mp4" }), film);
});
