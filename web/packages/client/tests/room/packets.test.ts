/** Packets of a room as messages of a socket, and whose are believed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isOurs } from "../../src/room/joining.js";
import { type Packet, read } from "../../src/room/packets.js";
import type { ServerMessage } from "../../src/wire.js";

function packet(content: unknown, given: Partial<Packet> = {}): Packet {
  const payload = new TextEncoder().encode(JSON.stringify(content));
  return { payload, topic: "", sender: "desk", secret: true, ...given };
}
const seen = (given: Packet): ServerMessage | null => read(given, "desk");
const NOTICE = { type: "duologue.notice", code: "ended", message: "Over." };
const TOOL = { type: "agent.tool", name: "book", call_id: "1", status: "done" };

test("Data of the agent is the page's, of whatever topic, and what is no JSON comes as it is.", () => {
  assert.deepEqual(seen(packet({ a: 1 })), { type: "response.data", content: { a: 1 }, turn_id: "" });
  assert.deepEqual(seen(packet(null, { topic: "mine" })), { type: "response.data", content: null, turn_id: "" });
  const payload = new Uint8Array([255, 0]);
  assert.equal((seen(packet(0, { payload })) as { content: unknown }).content, payload);
  assert.equal(seen(packet({}, { topic: "lk-chat-topic" })), null);
});

test("Of our own topic tools, the past and what was typed are taken of the agent, and of nobody else.", () => {
  assert.deepEqual(seen(packet(TOOL, { topic: "duologue" })), TOOL);
  assert.equal(seen(packet(TOOL, { topic: "duologue", sender: "ann" })), null);
  assert.equal(seen(packet(TOOL, { topic: "duologue", sender: "" })), null);
  assert.equal(seen(packet({ type: "state.set" }, { topic: "duologue" })), null);
  const past = { role: "user", content: "Hi", turn_id: "t1", at: 1, interrupted: false };
  const history = seen(packet({ type: "conversation.history", messages: [past] }, { topic: "duologue" }));
  assert.deepEqual(history, { type: "conversation.history", messages: [{ ...past, turn_id: "SG_t1" }] });
  const typed = { type: "user.transcript", content: "Hi", turn_id: "t1" };
  assert.deepEqual(seen(packet(typed, { topic: "duologue" })), { ...typed, turn_id: "SG_t1" });
});

test("Nobody but the agent and the server speaks in the server's name.", () => {
  assert.notEqual(seen(packet(NOTICE)), null);
  assert.notEqual(seen(packet(NOTICE, { sender: "" })), null);
  assert.equal(seen(packet(NOTICE, { sender: "ann" })), null);
  assert.equal(seen(packet(NOTICE, { topic: "mine" })), null);
  assert.equal(seen(packet({ type: "duologue.navigate", url: "/" }, { sender: "ann" })), null);
});

test("Of what should be encrypted and is not, only the server's own word is taken.", () => {
  assert.notEqual(seen(packet(NOTICE, { sender: "", secret: false })), null);
  assert.equal(seen(packet({ a: 1 }, { secret: false })), null);
  assert.equal(seen(packet({ type: "duologue.navigate", url: "/" }, { secret: false })), null);
  assert.equal(seen(packet(TOOL, { topic: "duologue", secret: false })), null);
});

test("A token tells whether a door of ours made it.", () => {
  const jwt = (said: unknown): string => `x.${Buffer.from(JSON.stringify(said)).toString("base64url")}.y`;
  assert.equal(isOurs(jwt({ attributes: { "duologue.claim": "c", name: "żółć?>" } })), true);
  assert.equal(isOurs(jwt({ attributes: {} })), false);
  assert.equal(isOurs("no token"), false);
});
