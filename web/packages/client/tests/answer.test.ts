/** What opens a line, in the words of every door that may be asked for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "../src/answer.js";
import type { Opening } from "../src/wire.js";
import { answer } from "./fakes.js";

const BASE = "https://x.test";
const ROOM = { server_url: "wss://rooms.test", participant_token: "a.b.c" };

function opened(said: unknown, encryption = false): Partial<Opening> {
  return read(said, BASE, encryption);
}

for (const [door, said] of Object.entries({
  "LiveKit's door": { ...ROOM, room_name: "lobby", participant_identity: "user-1", agent: "desk" },
  "LiveKit's door in camelCase": { serverUrl: "wss://rooms.test", participantToken: "a.b.c", roomName: "lobby" },
  "A back end": { url: "wss://rooms.test", token: "a.b.c", room_name: "lobby" },
})) {
  test(`${door} opens a room by an address and a token, and there is no right to come back.`, () => {
    const { transport, url, token, room_name, conversation_id, resumable, agent, config } = opened(said);
    assert.deepEqual(
      [transport, url, token, room_name, conversation_id, resumable, agent?.name],
      ["livekit", "wss://rooms.test", "a.b.c", "lobby", "", false, ""],
    );
    assert.equal(config?.encryption, false);
    assert.equal(config?.transcription.trigger, "automatic");
  });
}

test("Our part beside LiveKit's words says the rest, and LiveKit's words where the room is.", () => {
  const ours = answer({ transport: "livekit", url: "ws://inner.test", token: "x.y.z", room_name: "r" });
  const opening = opened({ ...ROOM, room_name: "r", duologue: ours });
  assert.deepEqual(opening, { ...ours, url: "wss://rooms.test", token: "a.b.c" });
});

test("Our part may be a socket, whatever stands beside it.", () => {
  const ours = answer();
  assert.deepEqual(opened({ ...ROOM, duologue: ours }), ours);
});

test("A token that somebody minted keeps what is told of its conversation.", () => {
  const { conversation_id, resume_token, resumable } = opened({ ...ROOM, duologue: { conversationId: "c", resumeToken: "t" } });
  assert.deepEqual([conversation_id, resume_token, resumable], ["c", "t", true]);
});

test("A socket needs no more than its address and its key.", () => {
  const { transport, config } = opened({ url: "wss://x.test/v1", token: "dk_session_x" });
  assert.deepEqual([transport, config?.audio?.input_rate], ["websocket", 16_000]);
});

test("Where nobody tells whether a room is encrypted, it is as the page wants it.", () => {
  assert.equal(opened(ROOM, true).config?.encryption, true);
  const ours = answer({ transport: "livekit" });
  assert.equal(opened({ ...ROOM, duologue: ours }, true).config?.encryption, false);
});

for (const lacking of [{ server_url: "wss://rooms.test" }, { participant_token: "a.b.c" }, { url: "", token: "a.b.c" }, []]) {
  test(`Without an address or a token there is no opening: ${JSON.stringify(lacking)}`, () => {
    assert.throws(() => opened(lacking), { code: "bad_answer" });
  });
}
