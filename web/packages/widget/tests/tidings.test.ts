/** What a page is told, and what it is not told twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TranscriptEntry } from "../src/seam.js";
import { finished, NOTHING, tidings } from "../src/tidings.js";
import { prefix } from "../src/transcript.js";

const said = (role: "user" | "agent", final: boolean): TranscriptEntry => ({
  id: String(Math.random()),
  role,
  text: "…",
  final,
  interrupted: false,
  timestamp: 0,
});

test("nothing new is told of nothing new", () => {
  assert.deepEqual(tidings(NOTHING, { ...NOTHING }), []);
});

test("a line that stands is told with its conversation, and one that falls is told", () => {
  const open = { ...NOTHING, connectionState: "connected" as const, conversationId: "conv_1", transport: "websocket" };
  const names = tidings({ ...NOTHING, connectionState: "connecting" }, open).map(([name]) => name);
  assert.deepEqual(names, ["duologue-state", "duologue-connect"]);
  const [, connected] = tidings(NOTHING, open);
  assert.deepEqual(connected?.[1], { conversationId: "conv_1", transport: "websocket", resumed: null });
  const after = tidings(open, { ...open, connectionState: "disconnected" }).map(([name]) => name);
  assert.deepEqual(after, ["duologue-state", "duologue-disconnect"]);
});

test("an error is told once, with its code; another one of the same words is another one", () => {
  const wrong = { ...NOTHING, error: "No.", errorCode: "overloaded" };
  assert.deepEqual(tidings(NOTHING, wrong), [["duologue-error", { code: "overloaded", message: "No." }]]);
  assert.deepEqual(tidings(wrong, { ...wrong }), []);
  assert.equal(tidings(wrong, { ...wrong, errorCode: "going_away" }).length, 1);
});

test("words are told whole", () => {
  const transcript = [said("user", true)];
  assert.deepEqual(tidings(NOTHING, { ...NOTHING, transcript }), [["duologue-transcript", { transcript }]]);
});

test("only the agent's finished turns count as unread", () => {
  assert.equal(finished([said("agent", true), said("user", true), said("agent", false)]), 1);
});

test("what was followed by the same speaker will not change any more", () => {
  assert.equal(prefix([said("agent", true), said("user", false), said("agent", false)]), 1);
  assert.equal(prefix([said("user", false), said("agent", true), said("user", true)]), 3);
  assert.equal(prefix([]), 0);
});
