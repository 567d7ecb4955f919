/** What happens at the wrong moment: listeners that leave, answers that never come, doors that jam. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browserMemory } from "../src/memory.js";
import type { SessionEvents } from "../src/types.js";
import { answer, FakeStorage, refusal, settled } from "./fakes.js";
import { Talk } from "./talk.js";

/** Leaves when an event comes for the first time, if it is the one that is waited for. */
function leaveAt<Name extends keyof SessionEvents>(
  talk: Talk,
  name: Name,
  when: (value: SessionEvents[Name]) => boolean = () => true,
): void {
  const stop = talk.session.on(name, (value) => {
    if (!when(value)) return;
    stop();
    talk.session.disconnect();
  });
}

test("A page that leaves as soon as it hears of anything has left, and nothing stays open.", async () => {
  const moments: ((talk: Talk) => void)[] = [
    (talk) => leaveAt(talk, "state", (state) => state === "connecting"),
    (talk) => leaveAt(talk, "agentState"),
    (talk) => leaveAt(talk, "resumability"),
    (talk) => leaveAt(talk, "sound"),
    (talk) => leaveAt(talk, "microphone"),
    (talk) => leaveAt(talk, "state", (state) => state === "connected"),
  ];
  for (const [index, arm] of moments.entries()) {
    const talk = new Talk();
    arm(talk);
    const connected = talk.session.connect().catch(() => {});
    await settled();
    if (talk.world.sockets[0]?.closedWith === null) await talk.line.open();
    await connected;
    assert.equal(talk.session.state, "disconnected", `moment ${index}`);
    assert.equal(talk.world.sockets.every((socket) => socket.closedWith !== null), true, `socket ${index}`);
    assert.equal(talk.world.audios.every((each) => each.did.at(-1) === "close"), true, `sound ${index}`);
    await talk.world.pass(600_000);
    assert.ok(talk.world.asked.length <= 1, `asked ${index}`);
    assert.equal(talk.told.at(-1) === "may not" || talk.told.at(-1) === "disconnected", true);
    assert.deepEqual([talk.session.microphone, talk.session.sound], ["off", "off"]);
  }
});

test("A page that leaves when its transcript is emptied for another conversation has left.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 320);
  talk.session.disconnect();
  leaveAt(talk, "transcript");
  talk.world.replies.push(answer({ conversation_id: "conv_2" }));
  const again = talk.session.connect({ fresh: true }).catch((error: { code: string }) => error.code);
  await settled();
  assert.deepEqual([await again, talk.session.state], ["left", "disconnected"]);
  assert.deepEqual([talk.world.sockets.length, talk.world.audios.length], [1, 1]);
});

test("A page that leaves when it hears that its conversation is over begins no other.", async () => {
  const memory = browserMemory({ local: new FakeStorage(), session: new FakeStorage() });
  const talk = await Talk.open({ memory });
  talk.session.disconnect();
  leaveAt(talk, "notice");
  talk.world.replies.push(refusal(410, "conversation_ended"));
  await talk.session.connect().catch(() => {});
  await settled();
  assert.deepEqual([talk.session.state, talk.world.asked.length], ["disconnected", 2]);
});

test("A page that leaves when its typing cuts the agent has left, and types no more.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 320);
  leaveAt(talk, "transcript");
  assert.throws(() => talk.session.sendText("Two, please."), { code: "not_connected" });
  assert.deepEqual([talk.line.types.at(-1), talk.session.transcript.length], ["client.end", 1]);
});

test("A page that leaves when it hears that the line broke is not brought back.", async () => {
  const talk = await Talk.open();
  leaveAt(talk, "state", (state) => state === "reconnecting");
  await talk.line.ends(1006);
  await talk.world.pass(60_000);
  assert.deepEqual([talk.told, talk.world.asked.length], [["reconnecting", "disconnected"], 1]);
});

test("A page that begins anew when it hears that the line broke has one line.", async () => {
  const talk = await Talk.open();
  const stop = talk.session.on("state", (state) => {
    if (state !== "reconnecting") return;
    stop();
    talk.session.disconnect();
    void talk.session.connect();
  });
  await talk.line.ends(1006);
  await talk.world.pass(5000);
  assert.deepEqual([talk.world.asked.length, talk.world.sockets.length], [2, 2]);
  await talk.line.open();
  assert.equal(talk.session.state, "connected");
});

test("A page that connects again whenever it is disconnected does so once each time.", async () => {
  const talk = await Talk.open();
  talk.session.on("state", (state) => state === "disconnected" && void talk.session.connect());
  for (let count = 2; count < 5; count++) {
    await talk.line.ends(4001);
    assert.deepEqual([talk.world.asked.length, talk.world.sockets.length], [count, count]);
    await talk.line.open();
    assert.equal(talk.session.state, "connected");
  }
});

test("An authorize that never answers fails a connection after 20 seconds.", async () => {
  const talk = new Talk({ authorize: () => new Promise(() => {}) });
  const connected = talk.session.connect().catch((error: { code: string }) => error.code);
  await talk.world.pass(19_999);
  assert.equal(talk.session.state, "connecting");
  await talk.world.pass(1);
  assert.deepEqual([talk.session.state, await connected], ["failed", "unreachable"]);
});

test("An authorize that never answers is asked again, and its late answer is nobody's.", async () => {
  const answers: ((value: ReturnType<typeof answer>) => void)[] = [];
  const talk = new Talk({ authorize: () => new Promise((give) => answers.push(give)) });
  void talk.session.connect();
  await settled();
  answers[0]?.(answer());
  await settled();
  await talk.line.open();
  await talk.line.ends(1006);
  await talk.world.pass(125 + 20_000);
  assert.equal(talk.session.state, "reconnecting");
  await talk.world.pass(250);
  assert.equal(answers.length, 3);
  answers[1]?.(answer({ resume_token: "late" }));
  answers[2]?.(answer({ resume_token: "newest", token: "dk_session_newest" }));
  await settled();
  assert.equal(talk.world.sockets.length, 2);
  assert.deepEqual(talk.line.protocols, ["duologue", "dk_session_newest"]);
  await talk.line.open();
  assert.equal(talk.session.state, "connected");
});

test("An answer that is lost on its way is asked for with the same token.", async () => {
  const talk = await Talk.open({}, answer({ resume_token: "known" }));
  await talk.line.ends(1006);
  talk.world.replies.push(new TypeError("network"), new TypeError("network"));
  await talk.world.pass(1000);
  assert.deepEqual(
    talk.world.asked.slice(1).map(({ body }) => body.resume_token),
    ["known", "known", "known"],
  );
});

test("A socket that the browser refuses to make fails the connection, and says why.", async () => {
  const talk = new Talk();
  talk.world.socketTrouble = new SyntaxError("The subprotocol is invalid.");
  const connected = talk.session.connect().catch((error: Error) => error.message);
  await settled();
  assert.match(String(await connected), /opens no line to wss:.*The subprotocol is invalid/);
  assert.deepEqual([talk.session.state, talk.session.failure?.code], ["failed", "bad_answer"]);
});

test("Data that waits for the line goes as it was; what is no JSON is refused at once.", async () => {
  const talk = new Talk();
  void talk.session.connect();
  const cart = { items: 1 };
  talk.session.sendData(cart);
  assert.throws(() => talk.session.sendData({ big: 1n }), TypeError);
  cart.items = 2;
  await settled();
  await talk.line.open();
  assert.deepEqual(talk.line.sent, [
    { type: "client.ready" },
    { type: "client.response.data", data: { items: 1 } },
  ]);
});

test("Without a token of its own a new conversation is never mistaken for the last.", async () => {
  const memory = browserMemory({ local: new FakeStorage(), session: new FakeStorage() });
  const first = await Talk.open({ memory }, answer({ conversation_id: "conv_old" }));
  first.session.disconnect();
  const talk = new Talk({ memory });
  const plain = answer({ conversation_id: "conv_new", resume_token: null });
  talk.world.replies.push(plain);
  void talk.session.connect({ fresh: true });
  await settled();
  await talk.line.open();
  await talk.line.ends(1006);
  await talk.world.pass(125);
  assert.equal(talk.world.asked.at(-1)?.body.conversation_id, undefined);
});

for (const [tabs, shown] of [
  ["takeover", "old"],
  ["reject", "old"],
  ["share", "new"],
] as const) {
  test(`With tabs = ${tabs} a line that broke comes back with the ${shown} of two tabs' tokens.`, async () => {
    const local = new FakeStorage();
    const memory = () => browserMemory({ local, session: new FakeStorage() });
    const config = { ...answer().config, tabs };
    const old = await Talk.open({ memory: memory() }, answer({ resume_token: "old", config }));
    await old.line.ends(1006);
    await Talk.open({ memory: memory() }, answer({ resume_token: "new", config }));
    await old.world.pass(125);
    assert.equal(old.world.asked.at(-1)?.body.resume_token, shown);
  });
}

test("A tab that comes back too late to its place in another tab may follow it there.", async () => {
  const local = new FakeStorage();
  const memory = () => browserMemory({ local, session: new FakeStorage() });
  const old = await Talk.open({ memory: memory() }, answer({ resume_token: "old" }));
  await old.line.ends(1006);
  await Talk.open({ memory: memory() }, answer({ resume_token: "new" }));
  old.world.replies.push(refusal(404, "conversation_not_found"));
  await old.world.pass(125);
  assert.deepEqual(old.told, ["reconnecting", "disconnected"]);
  assert.equal(old.session.canResume(), true);
  void old.session.connect();
  await settled();
  assert.equal(old.world.asked.at(-1)?.body.resume_token, "new");
});
