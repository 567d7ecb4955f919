/** What the end of a room does to the line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DisconnectReason } from "livekit-client";
import type { RoadEnd } from "../../src/road.js";
import { endOf, LastWord, missing } from "../../src/room/ends.js";

function shown({ move, mayReturn, why }: RoadEnd): unknown[] {
  return [move, mayReturn, why.code];
}
const word = (code: string): { code: string; message: string } => ({ code, message: `Of ${code}.` });

test("A room that was closed without a word is asked for again, where there is a door to ask.", () => {
  const { ROOM_DELETED, PARTICIPANT_REMOVED } = DisconnectReason;
  assert.deepEqual(shown(endOf(ROOM_DELETED, null, true)), ["dropped", true, "unreachable"]);
  assert.deepEqual(shown(endOf(ROOM_DELETED, null, false)), ["ended", false, "ended"]);
  assert.deepEqual(shown(endOf(PARTICIPANT_REMOVED, null, false)), ["ended", false, "ended"]);
});

test("A room that was lost comes back; one that somebody else took over does not.", () => {
  const { DUPLICATE_IDENTITY, SERVER_SHUTDOWN } = DisconnectReason;
  assert.deepEqual(shown(endOf(undefined, null, false)), ["dropped", true, "unreachable"]);
  assert.match(endOf(SERVER_SHUTDOWN, null, true).why.message, /server_shutdown/);
  assert.deepEqual(shown(endOf(DUPLICATE_IDENTITY, null, true)), ["ended", true, "replaced"]);
});

test("The server's last word says why, and does what a socket's close would.", () => {
  const after = (code: string): unknown[] => shown(endOf(DisconnectReason.ROOM_DELETED, word(code), true));
  assert.deepEqual(after("ended"), ["ended", false, "ended"]);
  assert.deepEqual(after("replaced"), ["ended", true, "replaced"]);
  assert.deepEqual(after("insufficient_balance"), ["failed", true, "insufficient_balance"]);
  assert.deepEqual(after("revoked"), ["failed", false, "revoked"]);
  assert.deepEqual(after("going_away"), ["dropped", true, "going_away"]);
  assert.deepEqual(after("claim_invalid"), ["failed", true, "claim_invalid"]);
});

test("A word about something that passes explains no end, nor does one of long ago.", () => {
  const last = new LastWord();
  last.take(word("provider_failed"), 0);
  assert.equal(last.now(0), null);
  last.take(word("ended"), 1000);
  assert.equal(last.now(2000)?.code, "ended");
  assert.equal(last.now(31_000), null);
});

test("An agent that never came is told by its own code; one that left is sought at the door.", () => {
  assert.deepEqual(shown(missing(null, false, true)), ["failed", true, "agent_timeout"]);
  assert.deepEqual(shown(missing(null, true, true)), ["dropped", true, "agent_left"]);
  assert.deepEqual(shown(missing(null, true, false)), ["failed", true, "agent_left"]);
  assert.deepEqual(shown(missing(word("agent_not_joined"), false, true)), ["failed", true, "agent_not_joined"]);
});
