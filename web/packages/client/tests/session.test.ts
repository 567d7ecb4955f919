/** A session from its first word to its last, over one line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, settled } from "./fakes.js";
import { Talk } from "./talk.js";

test("Connecting asks the door, opens a socket with the key as subprotocol, and says that it hears.", async () => {
  const talk = new Talk();
  talk.world.replies.push(answer({ token: "dk_session_x" }));
  assert.equal(talk.session.state, "idle");
  const connected = talk.session.connect();
  assert.equal(talk.session.state, "connecting");
  await settled();
  assert.equal(talk.line.url, "wss://example.test/v1/agents/web/websocket");
  assert.deepEqual(talk.line.protocols, ["duologue", "dk_session_x"]);
  assert.equal(talk.line.binaryType, "arraybuffer");
  await talk.line.open();
  await connected;
  assert.deepEqual(talk.line.types, ["client.ready"]);
  assert.deepEqual(talk.told, ["connecting", "may return", "connected"]);
  assert.equal(talk.session.conversationId, "conv_1");
  assert.equal(talk.session.resumed, null);
});

test("Connecting twice is connecting once.", async () => {
  const talk = new Talk();
  const first = talk.session.connect();
  assert.equal(talk.session.connect(), first);
  await settled();
  await talk.line.open();
  assert.equal(talk.session.connect(), first);
  await first;
  assert.deepEqual([talk.world.asked.length, talk.world.sockets.length], [1, 1]);
});

test("The microphone goes out in binary frames, and only to a line that is ready.", async () => {
  const talk = new Talk({ workletUrl: new URL("https://x.test/worklet.js") });
  void talk.session.connect();
  await settled();
  const { hooks, options } = talk.world.loudspeaker;
  hooks.microphone(new Int16Array(640));
  assert.deepEqual([options.inputRate, options.frameMs, options.bargeIn], [16_000, 40, true]);
  structuredClone(options); // a worklet gets them
  await talk.line.open();
  hooks.microphone(new Int16Array(640).fill(7));
  talk.line.bufferedAmount = 100_000;
  hooks.microphone(new Int16Array(640));
  assert.deepEqual(talk.line.sounds.map((pcm) => [pcm.length, pcm[0]]), [[640, 7]]);
});

test("A server without binary frames gets base64, and its own is understood.", async () => {
  const plain = answer();
  const reply = { ...plain, config: { ...plain.config, capabilities: [] } };
  const talk = await Talk.open({}, reply);
  talk.world.loudspeaker.hooks.microphone(Int16Array.of(1, -2, 300));
  const { content } = talk.line.sent.at(-1) as { content: string };
  assert.deepEqual([...Buffer.from(content, "base64")], [1, 0, 0xfe, 0xff, 0x2c, 0x01]);
  talk.line.says({ type: "turn.start", role: "assistant", turn_id: "a1" });
  talk.line.says({ type: "response.audio", content, turn_id: "a1", delta_id: "d1" });
  assert.equal(talk.world.loudspeaker.did.at(-1), "play 3");
});

test("Without a microphone there is only sound, until one is asked for.", async () => {
  const talk = await Talk.open({ microphone: false });
  assert.equal(talk.session.microphone, "off");
  await talk.session.enableMicrophone("usb");
  assert.equal(talk.session.microphone, "on");
  assert.equal(talk.world.loudspeaker.did.at(-1), "microphone usb");
});

test("What was wished of the sound before it was there holds when it comes.", async () => {
  const talk = new Talk({ microphone: false });
  talk.session.setMuted(true);
  await talk.session.enableMicrophone("usb");
  void talk.session.connect();
  await settled();
  assert.deepEqual(talk.world.loudspeaker.did, ["muted", "gate open", "microphone usb"]);
});

test("The user's turn silences the agent at once, and its words are marked.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 320);
  talk.world.loudspeaker.playedMs = 20;
  talk.line.says({ type: "turn.start", role: "user", turn_id: "u1" });
  assert.equal(talk.world.loudspeaker.did.at(-1), "drop");
  assert.equal(talk.session.transcript[0]?.interrupted, true);
  assert.deepEqual(talk.line.sent.slice(-2), [
    { type: "client.played", turn_id: "a1", played_ms: 20 },
    { type: "trigger.response.audio.replay_finished", reason: "interrupted", turn_id: "a1", played_ms: 20 },
  ]);
});

test("Interrupting silences the agent here and there.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 320);
  talk.session.interrupt();
  talk.line.sounded(320);
  assert.equal(talk.world.loudspeaker.did.at(-1), "drop");
  assert.equal(talk.line.types.at(-1), "client.interrupt");
});

test("A typed message is shown at once, interrupts, and becomes the server's.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 320);
  talk.world.loudspeaker.playedMs = 12;
  talk.session.sendText("Two, please.");
  const id = talk.session.transcript.at(-1)?.id;
  assert.equal(talk.world.loudspeaker.did.at(-1), "drop");
  assert.deepEqual(talk.line.sent.slice(1), [
    { type: "client.played", turn_id: "a1", played_ms: 12 },
    { type: "trigger.response.audio.replay_finished", reason: "interrupted", turn_id: "a1", played_ms: 12 },
    { type: "client.response.text", content: "Two, please.", id },
  ]);
  talk.line.says({ type: "user.transcript", content: "Two, please.", turn_id: "u1" });
  assert.deepEqual(
    talk.session.transcript.map(({ id, text, typed }) => [id, text, typed ?? false]),
    [["agent:a1", "Hello.", false], ["user:u1", "Two, please.", true]],
  );
  talk.session.sendText("   ");
  assert.equal(talk.session.transcript.length, 2);
});

test("Where the agent may not be interrupted, typing leaves it speaking.", async () => {
  const plain = answer();
  const transcription = { ...plain.config.transcription, can_interrupt: false };
  const talk = await Talk.open({}, { ...plain, config: { ...plain.config, transcription } });
  assert.equal(talk.world.loudspeaker.options.bargeIn, false);
  talk.speaks("a1", 320);
  talk.session.sendText("Two, please.");
  assert.equal(talk.world.loudspeaker.did.at(-1), "play 320");
});

test("What is typed and sent before the line is open goes out when it is.", async () => {
  const talk = new Talk();
  void talk.session.connect();
  talk.session.sendText("Hello?");
  talk.session.sendData({ page: 1 });
  await settled();
  await talk.line.open();
  assert.deepEqual(talk.line.types, ["client.ready", "client.response.data", "client.response.text"]);
  assert.equal(talk.session.transcript.length, 1);
});

test("Data, notices, tools and the agent's state each come by their own event.", async () => {
  const talk = await Talk.open();
  const got: unknown[] = [];
  talk.session.on("data", (data) => got.push(["data", data]));
  talk.session.on("tool", (tool) => got.push(["tool", tool]));
  talk.session.on("agentState", (state) => got.push(["agent", state]));
  talk.line.says({ type: "response.data", content: { price: 3 }, turn_id: "a1" });
  const notice = { type: "duologue.notice", code: "rate_limited", message: "Slower." };
  talk.line.says({ type: "response.data", content: notice, turn_id: "" });
  talk.line.says({ type: "agent.tool", name: "book", call_id: "c1", status: "done" });
  for (const state of ["thinking", "thinking", "dancing", "speaking"]) {
    talk.line.says({ type: "agent.state", state });
  }
  assert.deepEqual(got, [
    ["data", { price: 3 }],
    ["tool", { name: "book", callId: "c1", status: "done" }],
    ["agent", "thinking"],
    ["agent", "speaking"],
  ]);
  assert.deepEqual(talk.told, ["notice rate_limited"]);
});

test("Who is a little behind hears the rest of what was not cut.", async () => {
  const talk = await Talk.open();
  const dropped = (): number => talk.world.loudspeaker.did.filter((deed) => deed === "drop").length;
  talk.speaks("a1", 1600);
  talk.line.says({ type: "turn.end", role: "assistant", turn_id: "a1", interrupted: false });
  assert.equal(dropped(), 0);
  talk.speaks("a2", 1600);
  const before = dropped();
  talk.line.says({ type: "turn.end", role: "assistant", turn_id: "a2", interrupted: true });
  assert.equal(dropped(), before + 1);
});

test("Push-to-talk opens the gate while the button is down.", async () => {
  const talk = await Talk.open({}, answer({}, "push_to_talk"));
  assert.equal(talk.session.pushToTalk, true);
  assert.equal(talk.world.loudspeaker.options.bargeIn, false);
  talk.speaks("a1", 320);
  talk.session.startTurn();
  talk.session.endTurn();
  const did = talk.world.loudspeaker.did.filter((deed) => /gate|drop/.test(deed));
  assert.deepEqual(did, ["gate shut", "drop", "gate open", "gate shut"]);
  assert.deepEqual(talk.line.types.slice(-2), ["trigger.turn.start", "trigger.turn.end"]);
});

test("Turns are begun by hand only where the agent asks for it.", async () => {
  const talk = await Talk.open();
  assert.throws(() => talk.session.startTurn(), { code: "not_push_to_talk" });
});

test("A session that is not open sends nothing, and says so.", () => {
  const { session } = new Talk();
  const message = "sendText needs a session that is open, and this one is idle. Call connect() first.";
  assert.throws(() => session.sendText("Hello"), { code: "not_connected", message });
  assert.throws(() => session.sendData(1), { code: "not_connected" });
  assert.doesNotThrow(() => session.interrupt());
});

test("Frames that are no messages of ours harm nobody.", async () => {
  const talk = await Talk.open();
  for (const data of ["{", "null", "17", "[]", '{"type":4}', '{"type":"new.thing"}']) {
    talk.line.onmessage?.({ data });
  }
  talk.line.onmessage?.({ data: new ArrayBuffer(3) });
  talk.line.says({ type: "response.audio", content: "%%%", turn_id: "a1", delta_id: "d" });
  assert.equal(talk.session.state, "connected");
});

test("A listener that throws keeps the others informed, and its error is the page's.", async () => {
  const talk = await Talk.open();
  const later: (() => void)[] = [];
  const original = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (work) => later.push(work);
  talk.session.on("data", () => {
    throw new Error("mine");
  });
  const got: unknown[] = [];
  const stop = talk.session.on("data", (data) => got.push(data));
  talk.line.says({ type: "response.data", content: 1, turn_id: "" });
  globalThis.queueMicrotask = original;
  assert.throws(() => later[0]?.(), { message: "mine" });
  stop();
  assert.deepEqual(got, [1]);
});

test("Sound that cannot be opened is an error, and the session goes on in writing.", async () => {
  const talk = new Talk();
  talk.world.soundTrouble = new Error("no worklet");
  const connected = talk.session.connect();
  await settled();
  await talk.line.open();
  await connected;
  assert.ok(talk.told.includes("error sound_failed"));
  assert.deepEqual([talk.session.state, talk.session.sound], ["connected", "off"]);
  talk.speaks("a1", 1600);
  talk.line.says({ type: "response.end", turn_id: "a1" });
  assert.equal(talk.line.types.at(-1), "trigger.response.audio.replay_finished");
  assert.equal(talk.session.outputLevel, 0);
});

test("Sound that breaks down is an error; the conversation goes on in writing, until the next line.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 1600);
  talk.world.loudspeaker.hooks.failed("the loudspeaker's worklet threw: out of range");
  assert.deepEqual(talk.told, ["error sound_failed"]);
  assert.deepEqual([talk.session.microphone, talk.session.sound], ["off", "off"]);
  assert.equal(talk.world.loudspeaker.did.at(-1), "close");
  talk.line.says({ type: "response.end", turn_id: "a1" });
  talk.session.sendText("Two, please.");
  assert.deepEqual(talk.line.types.slice(1), [
    "client.played",
    "trigger.response.audio.replay_finished",
    "client.response.text",
  ]);
  assert.equal(talk.session.transcript[0]?.interrupted, false);
  await talk.line.ends(1006);
  await talk.world.pass(125);
  await talk.line.open();
  assert.deepEqual([talk.session.microphone, talk.session.sound], ["on", "on"]);
});

test("A page that goes tells how much was heard.", async () => {
  const talk = await Talk.open();
  talk.speaks("a1", 1600);
  talk.world.loudspeaker.playedMs = 77;
  talk.world.happens("pagehide");
  assert.deepEqual(talk.line.sent.at(-1), { type: "client.played", turn_id: "a1", played_ms: 77 });
});
