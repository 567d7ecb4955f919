import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceivedMessage } from "@livekit/components-react";
import { agentStateOf, entriesOf, errorOf, lineOf } from "../src/livekit-view.js";

const message = (given: object): ReceivedMessage =>
  ({ id: "m", timestamp: 1, type: "agentTranscript", message: "Hi.", ...given }) as ReceivedMessage;
const user = (id: string, text: string, final: boolean, timestamp = 1): ReceivedMessage =>
  message({
    id,
    timestamp,
    type: "userTranscript",
    message: text,
    attributes: { "lk.segment_id": "SG_1", "lk.transcription_final": String(final) },
  });

test("interims of one segment are one entry, at the time of the first", () => {
  const entries = entriesOf([user("a", "Hel", false, 5), user("b", "Hello.", true, 9)], "me", false);
  assert.deepEqual(entries, [
    { id: "SG_1", role: "user", text: "Hello.", final: true, interrupted: false, timestamp: 5 },
  ]);
});

test("an interim that comes after its final one changes nothing", () => {
  const entries = entriesOf([user("a", "Hello.", true), user("b", "Hel", false)], "me", false);
  assert.deepEqual(entries.map((one) => one.text), ["Hello."]);
});

test("only the newest words of an agent that speaks may still change", () => {
  const both = [message({ id: "a" }), message({ id: "b" })];
  assert.deepEqual(entriesOf(both, "me", true).map((one) => one.final), [true, false]);
  assert.deepEqual(entriesOf(both, "me", false).map((one) => one.final), [true, true]);
});

test("what was typed here is the user's", () => {
  const from = { identity: "me" };
  const [entry] = entriesOf([message({ type: "chatMessage", from })], "me", false);
  assert.equal(entry?.role, "user");
  assert.equal(entry?.typed, true);
});

test("in an encrypted room the user's words come in the agent's name, and are known by their track", () => {
  const from = { identity: "agent", trackPublications: new Map([["TR_agent", {}]]) };
  const of = (track: string) => message({ id: track, from, attributes: { "lk.transcribed_track_id": track } });
  const entries = entriesOf([of("TR_agent"), of("TR_mine")], "me", false);
  assert.deepEqual(entries.map((one) => one.role), ["agent", "user"]);
});

test("the line is shown as a session of ours shows it", () => {
  assert.deepEqual(
    [
      lineOf("disconnected", false, false),
      lineOf("connecting", false, false),
      lineOf("connected", true, true),
      lineOf("reconnecting", true, false),
      lineOf("disconnected", true, false),
      lineOf("disconnected", true, true),
    ],
    ["idle", "connecting", "connected", "connecting", "disconnected", "error"],
  );
});

test("an agent that is not there is idle, and one that did not come says why", () => {
  assert.equal(agentStateOf("pre-connect-buffering"), "idle");
  assert.equal(agentStateOf("thinking"), "thinking");
  assert.equal(errorOf(["Agent did not join the room."], null), "Agent did not join the room.");
  assert.equal(errorOf(null, "No."), "No.");
  assert.equal(errorOf([], null), null);
});
