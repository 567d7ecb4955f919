/** `LiveKitSession`: what it tells and in which order, over a socket. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, refusal, settled } from "./fakes.js";
import { Surface } from "./surface.js";

test("The way from idle to disconnected, in an order that a surface can draw.", async () => {
  const surface = new Surface();
  const { session } = surface;
  assert.equal(session.snapshot.connectionState, "idle");
  assert.deepEqual([session.canResume(), session.getRoom(), session.ticket], [false, null, null]);
  await surface.connects(answer({ agent: { name: "Desk", avatarImageUrl: "/a.png", idleLoopUrl: null } }));
  surface.line.says({ type: "agent.state", state: "listening" });
  surface.line.says({ type: "agent.state", state: "speaking" });
  session.disconnect();
  assert.deepEqual(surface.told, [
    ["onConnectionStateChange", "connecting"],
    ["onAgentConfig", { name: "Desk", avatarImageUrl: "/a.png" }],
    ["onConnectionStateChange", "connected"],
    ["onResumabilityChange", true],
    ["onAgentStateChange", "listening"],
    ["onAgentStateChange", "speaking"],
    ["onConnectionStateChange", "disconnected"],
    ["onAgentStateChange", "idle"],
  ]);
  assert.equal(session.canResume(), true);
});

test("A session says whether its sound is recorded.", async () => {
  const plain = await Surface.open();
  assert.equal(plain.session.snapshot.recorded, false);
  const surface = new Surface();
  assert.equal(surface.session.snapshot.recorded, false);
  const opening = answer({});
  await surface.connects({ ...opening, config: { ...opening.config, recorded: true } });
  assert.equal(surface.session.snapshot.recorded, true);
});

test("The transcript is told whole whenever it changes, and is forgotten at the end.", async () => {
  const surface = await Surface.open();
  surface.line.says({ type: "turn.start", role: "assistant", turn_id: "a1" });
  surface.line.says({ type: "response.text.delta", content: "Hello", turn_id: "a1" });
  surface.line.says({ type: "response.text", content: "Hello there.", turn_id: "a1" });
  surface.line.says({ type: "user.transcript", content: "Hi.", turn_id: "u1" });
  const told = surface.of("onTranscript") as { role: string; text: string; final: boolean }[][];
  assert.deepEqual(
    told.map((entries) => entries.map(({ role, text, final }) => [role, text, final])),
    [
      [["agent", "Hello", false]],
      [["agent", "Hello there.", true]],
      [["agent", "Hello there.", true], ["user", "Hi.", true]],
    ],
  );
  told.at(-1)?.push({ role: "user", text: "the page's own", final: true });
  assert.equal(surface.session.snapshot.transcript.length, 2);
  surface.session.disconnect();
  assert.deepEqual(surface.session.snapshot.transcript, []);
  assert.deepEqual(surface.of("onTranscript").at(-1), []);
});

test("A broken line shows connecting while it mends itself; nothing of it is an error.", async () => {
  const surface = await Surface.open();
  await surface.line.ends(1006);
  assert.equal(surface.session.snapshot.line, "reconnecting");
  await surface.world.pass(250);
  await surface.line.open();
  assert.deepEqual(surface.story, ["connecting", "connected"]);
});

test("A line that is lost is an error, and what was said stays to be read.", async () => {
  const surface = await Surface.open();
  surface.line.says({ type: "response.text", content: "Bye.", turn_id: "a1" });
  surface.world.replies.push(...Array.from({ length: 200 }, () => new Error("no network")));
  await surface.line.ends(1006);
  await surface.world.pass(310_000);
  assert.deepEqual(surface.story.filter((word) => word !== "may not"), ["connecting", "error", "error ROOM_DISCONNECT"]);
  const { error, errorCode, transcript } = surface.session.snapshot;
  assert.match(error ?? "", /could not be reached again in time/);
  assert.deepEqual([errorCode, transcript.length], ["ROOM_DISCONNECT", 1]);
  assert.equal(surface.session.failure?.code, "line_lost");
});

for (const [close, shown, resumable, words] of [
  [4001, "disconnected", true, /opened in another place/],
  [4002, "disconnected", false, /was ended/],
  [4003, "error", true, /balance/],
  [4004, "error", false, /revoked/],
] as const) {
  test(`An end that is not ours (${close}) is ROOM_DISCONNECT, in the server's words.`, async () => {
    const surface = await Surface.open();
    await surface.line.ends(close);
    const gone = resumable ? [] : ["may not"];
    assert.deepEqual(surface.story, [shown, ...gone, "error ROOM_DISCONNECT"]);
    assert.match(surface.session.snapshot.error ?? "", words);
    assert.equal(surface.session.canResume(), resumable);
    await surface.connects();
    assert.equal(surface.session.snapshot.error, null);
    assert.equal("resume_token" in (surface.world.asked.at(-1)?.body ?? {}), resumable);
  });
}

for (const code of ["key_wrong_org", "key_expired", "agent_has_no_org", "overloaded"]) {
  test(`What the door says is what the page is told: ${code}.`, async () => {
    const surface = new Surface();
    surface.world.replies.push(refusal(code === "overloaded" ? 503 : 403, code, { "retry-after": "7" }));
    await assert.rejects(surface.session.connect(), { code });
    assert.deepEqual(surface.told, [
      ["onConnectionStateChange", "connecting"],
      ["onConnectionStateChange", "error"],
      ["onError", `The sentence of ${code}.`, code],
    ]);
    const { error, errorCode, retryAfter } = surface.session.snapshot;
    assert.deepEqual([error, errorCode, retryAfter], [`The sentence of ${code}.`, code, 7]);
    surface.session.disconnect();
    assert.equal(surface.session.snapshot.connectionState, "disconnected");
  });
}

test("A page that has a callback for errors may leave connect alone.", async () => {
  const surface = new Surface();
  surface.world.replies.push(refusal(403, "key_wrong_org"));
  void surface.session.connect(); // a rejection that nobody handles fails the test
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(surface.story, ["connecting", "error", "error key_wrong_org"]);
});

test("Who connects at the same time gets the same session, and a third press does nothing.", async () => {
  const surface = new Surface();
  const both = Promise.all([surface.session.connect(), surface.session.connect()]);
  await settled();
  await surface.line.open();
  await both;
  await surface.session.connect();
  assert.deepEqual(surface.of("onConnectionStateChange"), ["connecting", "connected"]);
  assert.equal(surface.world.asked.length, 1);
  await assert.rejects(surface.session.connectWithToken("ws://x", "dk_session_x"), { code: "is_open" });
});

test("Disconnecting is safe at any time: before, twice, and while the session is being opened.", async () => {
  const surface = new Surface();
  surface.session.disconnect();
  assert.equal(surface.session.snapshot.connectionState, "idle");
  const opening = surface.session.connect();
  surface.session.disconnect();
  await assert.rejects(opening, { code: "left" });
  surface.session.disconnect();
  await surface.connects();
  surface.session.disconnect();
  surface.session.disconnect();
  const opened = ["connecting", "connected", "disconnected"];
  assert.deepEqual(surface.of("onConnectionStateChange"), ["connecting", "disconnected", ...opened]);
  assert.deepEqual(surface.of("onError"), []);
});

test("Left and begun in one breath.", async () => {
  const surface = await Surface.open();
  surface.session.disconnect();
  await surface.connects();
  assert.deepEqual(surface.of("onConnectionStateChange"), ["disconnected", "connecting", "connected"]);
  assert.equal(surface.session.snapshot.connectionState, "connected");
});

test("A callback may end the session, and what follows is still told in order.", async () => {
  const surface = new Surface();
  const told: string[] = [];
  surface.session.onConnectionStateChange = (state) => {
    told.push(state);
    if (state === "connected") surface.session.disconnect();
  };
  await surface.connects();
  assert.deepEqual(told, ["connecting", "connected", "disconnected"]);
  assert.deepEqual(surface.of("onResumabilityChange"), [true]);
  assert.equal(surface.session.snapshot.connectionState, "disconnected");
});

test("What a callback throws is the page's error, and the session goes on; null is no callback.", async () => {
  const surface = await Surface.open();
  const later: (() => void)[] = [];
  const original = globalThis.queueMicrotask;
  surface.session.onAgentStateChange = null;
  surface.session.onConnectionStateChange = (state) => {
    throw new Error(state);
  };
  surface.line.says({ type: "agent.state", state: "listening" });
  surface.line.says({ type: "response.text", content: "Bye.", turn_id: "a1" });
  globalThis.queueMicrotask = (work) => later.push(work);
  surface.session.disconnect();
  globalThis.queueMicrotask = original;
  assert.equal(later.length, 1);
  assert.throws(later[0] as () => void, { message: "disconnected" });
  assert.deepEqual(surface.of("onTranscript").at(-1), []);
});

test("Data comes as what it means, to the callback and to every subscriber; notices do not.", async () => {
  const surface = await Surface.open();
  const got: unknown[] = [];
  const stop = surface.session.subscribeToDataMessages((message) => got.push(message));
  const again = surface.session.subscribeToDataMessages((message) => got.push(message));
  const notices: string[] = [];
  surface.session.on("notice", ({ code }) => notices.push(code));
  surface.line.says({ type: "response.data", content: { price: 3 }, turn_id: "" });
  const notice = { type: "duologue.notice", code: "rate_limited", message: "Slower." };
  surface.line.says({ type: "response.data", content: notice, turn_id: "" });
  stop();
  stop();
  surface.line.says({ type: "response.data", content: { price: 4 }, turn_id: "" });
  again();
  assert.deepEqual(surface.of("onDataMessage"), [{ price: 3 }, { price: 4 }]);
  assert.deepEqual(got, [{ price: 3 }, { price: 3 }, { price: 4 }]);
  assert.deepEqual(notices, ["rate_limited"]);
  await surface.session.sendData({ order: 2 });
  assert.deepEqual(surface.line.sent.at(-1), { type: "client.response.data", data: { order: 2 } });
  surface.session.disconnect();
  await assert.rejects(surface.session.sendData({}), { code: "not_connected" });
});

test("The microphone is not published by itself, nor again in the next session.", async () => {
  const surface = await Surface.open();
  const did = (): string[] => surface.world.loudspeaker.did.filter((deed) => deed.startsWith("microphone"));
  assert.deepEqual([did(), surface.session.snapshot.microphone], [[], "off"]);
  await surface.session.publishMicrophone();
  await surface.session.publishMicrophone({ deviceId: "usb" });
  assert.deepEqual(did(), ["microphone any", "microphone usb"]);
  assert.equal(surface.session.snapshot.microphone, "on");
  await surface.line.ends(1006);
  await surface.world.pass(250);
  await surface.line.open();
  assert.equal(surface.session.snapshot.microphone, "on");
  surface.session.disconnect();
  await surface.connects();
  assert.deepEqual([did(), surface.session.snapshot.microphone], [[], "off"]);
});

for (const [state, code] of [
  ["denied", "MIC_PERMISSION_DENIED"],
  ["missing", "MIC_NOT_FOUND"],
  ["unsupported", "MIC_NOT_FOUND"],
] as const) {
  test(`A microphone that is ${state} is ${code}: rejected, told once, and over when there is one.`, async () => {
    const surface = await Surface.open();
    const { hooks } = surface.world.loudspeaker;
    surface.world.loudspeaker.startMicrophone = async () => {
      hooks.micState("asking");
      await Promise.resolve();
      hooks.micState(state);
    };
    await assert.rejects(surface.session.publishMicrophone(), { code });
    assert.deepEqual(surface.story, [`error ${code}`]);
    assert.deepEqual([surface.session.snapshot.errorCode, surface.session.snapshot.connectionState], [code, "connected"]);
    hooks.micState("on");
    assert.equal(surface.session.snapshot.error, null);
  });
}

test("Sound that breaks down is told by its own code; the session goes on in writing.", async () => {
  const surface = await Surface.open();
  surface.world.loudspeaker.hooks.failed("the worklet threw");
  assert.deepEqual(surface.story, ["error sound_failed"]);
  assert.equal(surface.session.snapshot.connectionState, "connected");
});
