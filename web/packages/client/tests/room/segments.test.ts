/** Text streams of one segment, in whatever order they come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Segment } from "../../src/road.js";
import { Segments } from "../../src/room/segments.js";

function segment(text: string, final = false, given: Partial<Segment> = {}): Segment {
  return { id: "s", role: "user", text, final, interrupted: false, ...given };
}

test("A newer stream replaces an older one, which is passed over when it comes late.", () => {
  const segments = new Segments();
  assert.equal(segments.said(2, segment("good morning"))?.text, "good morning");
  assert.equal(segments.said(1, segment("good")), null);
});

test("After the end nothing but another end is news, and the same end is told once.", () => {
  const segments = new Segments();
  segments.said(1, segment("Good morning.", true));
  assert.equal(segments.said(2, segment("Good")), null);
  assert.equal(segments.said(2, segment("Good morning.", true)), null);
  assert.equal(segments.said(3, segment("", true))?.text, "");
});

test("Nobody else speaks under a segment's name.", () => {
  const segments = new Segments();
  segments.said(1, segment("mine"));
  assert.equal(segments.said(2, segment("not mine", true, { role: "agent" })), null);
});

test("What is open at the end is told as it is; only an agent counts as cut.", () => {
  const segments = new Segments();
  segments.said(1, segment("whole", true, { id: "a" }));
  segments.said(2, segment("half", false, { id: "b" }));
  segments.said(3, segment("an answ", false, { id: "c", role: "agent" }));
  segments.said(4, segment("", false, { id: "d" }));
  const left = segments.close().map(({ id, final, interrupted }) => [id, final, interrupted]);
  assert.deepEqual(left, [["b", true, false], ["c", true, true]]);
  assert.deepEqual(segments.close(), []);
});

test("Old segments are forgotten, and open ones are not.", () => {
  const segments = new Segments();
  segments.said(1, segment("open", false, { id: "open" }));
  for (let i = 0; i < 200; i++) segments.said(2 + i, segment("x", true, { id: `${i}` }));
  assert.equal(segments.said(1, segment("x", true, { id: "0" }))?.text, "x", "it is known no more");
  assert.equal(segments.said(0, segment("older", false, { id: "open" })), null);
});
