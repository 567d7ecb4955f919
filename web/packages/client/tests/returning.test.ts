/** A line that breaks, and what comes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browserMemory } from "../src/memory.js";
import type { ServerMessage } from "../src/wire.js";
import { answer, FakeStorage, refusal, settled } from "./fakes.js";
import { Talk } from "./talk.js";

const HISTORY: ServerMessage = {
  type: "conversation.history",
  messages: [{ role: "user", content: "Hello", turn_id: "u1", at: 100, interrupted: false }],
};

test("A line that broke is opened again, with the newest token and a new key.", async () => {
  const talk = await Talk.open({}, answer({ resume_token: "first" }));
  await talk.line.ends(1006);
  assert.equal(talk.session.state, "reconnecting");
  talk.world.replies.push(answer({ resume_token: "second", resumed: "live" }));
  await talk.world.pass(125);
  assert.equal(talk.world.asked.at(-1)?.body.resume_token, "first");
  assert.equal(talk.world.asked.at(-1)?.body.conversation_id, "conv_1");
  await talk.line.open();
  assert.deepEqual(talk.told, ["reconnecting", "connected"]);
  assert.equal(talk.session.resumed, "live");
  await talk.line.ends(1012);
  await talk.world.pass(5000);
  assert.equal(talk.world.asked.at(-1)?.body.resume_token, "second");
});

test("On the new line the position of the broken turn comes before client.ready.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 4800);
  talk.world.loudspeaker.playedMs = 120;
  await talk.line.ends(1006);
  talk.world.loudspeaker.heard(180, "tick"); // what came goes on until the next try
  await talk.world.pass(125);
  assert.equal(talk.world.loudspeaker.did.at(-1), "drop");
  await talk.line.open();
  assert.deepEqual(talk.line.sent, [
    { type: "client.played", turn_id: "a1", played_ms: 180 },
    { type: "client.ready" },
  ]);
  talk.line.sounded(320);
  assert.equal(talk.world.loudspeaker.did.at(-1), "drop", "the old turn is over");
  talk.speaks("a2", 320);
  assert.deepEqual(talk.world.loudspeaker.did.slice(-2), ["begin", "play 320"]);
  assert.equal(talk.world.audios.length, 1, "the device stays open");
});

test("Nothing of the microphone goes out on the new line before client.ready.", async () => {
  const talk = await Talk.open();
  await talk.line.ends(1006);
  await talk.world.pass(125);
  talk.line.readyState = 1;
  talk.line.onopen?.();
  talk.world.loudspeaker.hooks.microphone(new Int16Array(640));
  await settled();
  talk.world.loudspeaker.hooks.microphone(new Int16Array(640));
  assert.deepEqual([talk.line.types, talk.line.sounds.length], [["client.ready"], 1]);
});

test("A line that breaks while the sound still opens is ready once.", async () => {
  const talk = new Talk();
  let opens = (): void => {};
  talk.world.soundOpens = new Promise((done) => (opens = done));
  void talk.session.connect();
  await settled();
  await talk.line.open();
  assert.deepEqual(talk.line.types, [], "it does not hear yet");
  await talk.line.ends(1006);
  await talk.world.pass(125);
  await talk.line.open();
  assert.deepEqual([talk.line.types, talk.world.audios.length], [[], 1]);
  opens();
  await settled();
  assert.deepEqual(talk.line.types, ["client.ready"]);
});

test("Tries become rarer until the server answers.", async () => {
  const talk = await Talk.open();
  await talk.line.ends(1006);
  const began = talk.world.now();
  const tries: number[] = [];
  for (let count = 0; count < 6; count++) talk.world.replies.push(new TypeError("offline"));
  while (talk.world.replies.length > 0) {
    const before = talk.world.asked.length;
    await talk.world.pass(5);
    if (talk.world.asked.length > before) tries.push(talk.world.now() - began);
  }
  assert.deepEqual(tries, [125, 375, 875, 1875, 3875, 6375]);
});

test("A server that is full is asked again when it says.", async () => {
  const talk = await Talk.open();
  await talk.line.ends(1013);
  talk.world.replies.push(refusal(503, "overloaded", { "retry-after": "4" }));
  await talk.world.pass(125);
  assert.equal(talk.world.asked.length, 2);
  await talk.world.pass(3999);
  assert.equal(talk.world.asked.length, 2);
  await talk.world.pass(1);
  assert.equal(talk.world.asked.length, 3);
});

test("A network that is back is used at once.", async () => {
  const talk = await Talk.open();
  await talk.line.ends(1006);
  talk.world.replies.push(refusal(503, "overloaded", { "retry-after": "60" }));
  await talk.world.pass(125);
  talk.world.happens("online");
  talk.world.happens("online");
  await settled();
  assert.equal(talk.world.asked.length, 3);
  await talk.line.open();
  assert.equal(talk.session.state, "connected");
  for (let tenth = 0; tenth < 6; tenth++) {
    talk.line.says({ type: "duologue.beat" });
    await talk.world.pass(10_000);
  }
  assert.equal(talk.world.asked.length, 3, "the wait was given up");
});

test("A network that goes breaks the line at once, and nobody left.", async () => {
  const talk = await Talk.open();
  talk.world.happens("offline");
  assert.equal(talk.session.state, "reconnecting");
  assert.equal(talk.line.closedWith, 4000);
});

test("A socket that closes right after it opened does not make the tries more frequent.", async () => {
  const talk = await Talk.open();
  const waits: number[] = [];
  for (let count = 0; count < 4; count++) {
    await talk.line.ends(1011);
    const [asked, began] = [talk.world.asked.length, talk.world.now()];
    while (talk.world.asked.length === asked) await talk.world.pass(5);
    waits.push(talk.world.now() - began);
    await talk.line.open();
  }
  assert.deepEqual(waits, [125, 250, 500, 1000]);
  await talk.world.pass(5000);
  await talk.line.ends(1011);
  await talk.world.pass(125);
  assert.equal(talk.world.sockets.length, 6, "after a steady line it begins anew");
});

test("After five minutes the line is lost.", async () => {
  const talk = await Talk.open();
  await talk.line.ends(1006);
  const back = talk.session.connect();
  talk.world.replies.push(...Array.from({ length: 200 }, () => new TypeError("offline")));
  await talk.world.pass(299_000);
  assert.equal(talk.session.state, "reconnecting");
  await talk.world.pass(10_000);
  assert.deepEqual(talk.told, ["reconnecting", "may not", "failed", "error line_lost"]);
  await assert.rejects(back, { code: "line_lost" });
  assert.equal(talk.world.loudspeaker.did.at(-1), "close");
});

test("A close that nobody mends by coming back ends the session, with the server's reason.", async () => {
  const cases = [
    [4001, "replaced", "disconnected", true],
    [4002, "ended", "disconnected", false],
    [4003, "insufficient_balance", "failed", true],
    [4004, "revoked", "failed", false],
    [1009, "too_large", "failed", true],
  ] as const;
  for (const [close, code, state, may] of cases) {
    const talk = await Talk.open();
    await talk.line.ends(close);
    await talk.world.pass(60_000);
    assert.equal(talk.session.state, state);
    assert.deepEqual([talk.session.failure?.code, talk.session.failure?.status], [code, close]);
    assert.equal(talk.session.canResume(), may, `close ${close}`);
    assert.equal(talk.world.asked.length, 1);
  }
});

test("The notice before a close says why.", async () => {
  const talk = await Talk.open();
  const content = { type: "duologue.notice", code: "timed_out", message: "The session reached its limit." };
  talk.line.says({ type: "response.data", content, turn_id: "" });
  await talk.line.ends(4002);
  assert.equal(talk.session.failure?.code, "timed_out");
  assert.equal(talk.session.failure?.message, "The session reached its limit.");
});

test("A notice of an earlier line explains no later close.", async () => {
  const talk = await Talk.open();
  const content = { type: "duologue.notice", code: "going_away", message: "This server is closing." };
  talk.line.says({ type: "response.data", content, turn_id: "" });
  await talk.line.ends(1012);
  await talk.world.pass(125);
  await talk.line.open();
  await talk.line.ends(4001);
  assert.equal(talk.session.failure?.code, "replaced");
});

test("A conversation that ended while the line was broken is over.", async () => {
  const talk = await Talk.open();
  await talk.line.ends(1006);
  talk.world.replies.push(refusal(410, "conversation_ended"));
  await talk.world.pass(125);
  assert.deepEqual(talk.told, ["reconnecting", "may not", "disconnected"]);
  assert.equal(talk.session.failure?.code, "conversation_ended");
});

test("Leaving while it comes back stops it.", async () => {
  const talk = await Talk.open();
  await talk.line.ends(1006);
  talk.session.disconnect();
  await talk.world.pass(60_000);
  assert.equal(talk.world.asked.length, 1);
  assert.equal(talk.session.state, "disconnected");
});

/** Two lives of a page in one tab, or in two. */
async function reloaded(same: boolean): Promise<Talk> {
  const local = new FakeStorage();
  const session = new FakeStorage();
  const first = await Talk.open({ memory: browserMemory({ local, session }) });
  await first.world.pass(30_000);
  const memory = browserMemory({ local, session: same ? session : new FakeStorage() });
  const talk = new Talk({ memory });
  await talk.world.pass(31_000);
  return talk;
}

test("A page that reloaded goes on with its conversation.", async () => {
  const talk = await reloaded(true);
  assert.deepEqual([talk.session.canResume(), talk.session.reloaded], [true, true]);
  talk.world.replies.push(answer({ resumed: "live" }));
  void talk.session.connect();
  await settled();
  assert.match(String(talk.world.asked[0]?.body.resume_token), /^token_/);
  await talk.line.open();
  talk.line.says(HISTORY);
  assert.deepEqual(talk.session.transcript.map((entry) => entry.text), ["Hello"]);
  assert.equal(talk.session.resumed, "live");
});

test("Another tab may go on too, and is told that it was not there.", async () => {
  const talk = await reloaded(false);
  assert.deepEqual([talk.session.canResume(), talk.session.reloaded], [true, false]);
});

test("Who wants to begin anew shows no token.", async () => {
  const talk = await reloaded(true);
  void talk.session.connect({ fresh: true });
  await settled();
  assert.equal(talk.world.asked[0]?.body.resume_token, undefined);
});

test("A conversation that cannot be resumed any more is begun anew, with a word about it.", async () => {
  for (const [status, code] of [[404, "conversation_not_found"], [410, "conversation_ended"]] as const) {
    const talk = await reloaded(true);
    talk.world.replies.push(refusal(status, code), answer({ conversation_id: "conv_2" }));
    const connected = talk.session.connect();
    await settled();
    await talk.line.open();
    await connected;
    assert.ok(talk.told.includes(`notice ${code}`));
    assert.deepEqual([talk.session.conversationId, talk.session.resumed], ["conv_2", null]);
  }
});

test("What cannot be resumed is forgotten, even if nothing new can be begun.", async () => {
  const talk = await reloaded(true);
  talk.world.replies.push(refusal(410, "conversation_ended"), refusal(503, "overloaded"));
  await assert.rejects(talk.session.connect(), { code: "overloaded" });
  assert.equal(talk.session.canResume(), false);
});

test("Beginning anew after an end leaves nothing of the old conversation.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 320);
  talk.session.sendText("Hello");
  talk.session.disconnect();
  assert.equal(talk.session.transcript.length, 2, "it can still be read");
  talk.world.replies.push(answer({ conversation_id: "conv_2" }));
  void talk.session.connect({ fresh: true });
  await settled();
  await talk.line.open();
  assert.deepEqual(talk.session.transcript, []);
  assert.deepEqual(talk.line.types, ["client.ready"]);
});
