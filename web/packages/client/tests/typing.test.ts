/** What is typed on a line that breaks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionCore } from "../src/session.js";
import type { ServerMessage } from "../src/wire.js";
import { answer, FakeWorld, settled } from "./fakes.js";
import { Talk } from "./talk.js";

const HISTORY: ServerMessage = {
  type: "conversation.history",
  messages: [{ role: "user", content: "Hello", turn_id: "u1", at: 100, interrupted: false }],
};

test("What was typed on the broken line is sent again, unless the server had heard it.", async () => {
  const talk = await Talk.open();
  talk.session.sendText("Hello");
  talk.session.sendText("A table");
  await talk.line.ends(1006);
  talk.session.sendText("for two");
  talk.world.replies.push(answer({ resumed: "live" }));
  await talk.world.pass(125);
  await talk.line.open();
  talk.session.sendText("please");
  assert.deepEqual(talk.line.types, ["client.ready"], "the history is waited for");
  talk.line.says(HISTORY);
  assert.deepEqual(
    talk.line.sent.slice(1).map((message) => message["content"]),
    ["A table", "for two", "please"],
  );
  assert.equal(talk.session.transcript.length, 4);
});

test("What is sent again has the id of the first time, which no other page gives.", async () => {
  const talk = await Talk.open();
  talk.session.sendText("Hello");
  talk.session.sendText("Hello");
  const ids = talk.line.sent.slice(1).map((message) => message["id"]);
  await talk.line.ends(1006);
  talk.world.replies.push(answer({ resumed: "live" }));
  await talk.world.pass(125);
  await talk.line.open();
  talk.line.says({ type: "conversation.history", messages: [] });
  assert.deepEqual(talk.line.sent.slice(1).map((message) => message["id"]), ids);
  const pages = [0.1, 0.9].map((chance) => {
    const world = new FakeWorld();
    world.chance = chance;
    return new SessionCore({ agent: "desk", memory: null, workletUrl: "/worklet.js" }, world);
  });
  for (const page of pages) {
    void page.connect();
    page.sendText("Hello");
  }
  const first = pages.map((page) => page.transcript[0]?.id);
  for (const page of pages) page.close();
  assert.equal(new Set([...ids, ...first]).size, 4);
});

test("Where nothing was said yet no history comes, and what was typed goes out all the same.", async () => {
  const talk = new Talk();
  talk.world.replies.push(answer({ resumed: "rebuilt" }));
  void talk.session.connect();
  talk.session.sendText("A table");
  await settled();
  await talk.line.open();
  assert.deepEqual(talk.line.types, ["client.ready"]);
  for (let beats = 0; beats < 3; beats++) talk.line.says({ type: "duologue.beat" });
  assert.deepEqual(talk.line.types, ["client.ready", "client.response.text"]);
});

test("A history that comes before the sound is open sends nothing before client.ready.", async () => {
  const talk = new Talk();
  talk.world.replies.push(answer({ resumed: "rebuilt" }));
  void talk.session.connect();
  talk.session.sendText("A table");
  await settled();
  talk.line.readyState = 1;
  talk.line.onopen?.();
  talk.line.says(HISTORY);
  await settled();
  assert.deepEqual(talk.line.types, ["client.ready", "client.response.text"]);
});
