/** The life of a `LiveKitSession`: gone on with, forgotten, opened by a token, saved. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browserMemory } from "../src/memory.js";
import { saveSession } from "../src/keeping.js";
import { clearSession, loadSession } from "../src/saved.js";
import { answer, FakeStorage, FakeWorld, refusal, settled } from "./fakes.js";
import { Surface } from "./surface.js";

/** The bodies that the door was asked with: whose conversation, shown by which token. */
const asked = (surface: Surface): unknown[] =>
  surface.world.asked.map(({ body }) => body.resume_token ?? null);

/** Lets time pass on a line that is alive. */
async function lives(surface: Surface, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 5000) {
    surface.line.says({ type: "duologue.beat" });
    await surface.world.pass(5000);
  }
}

/** The wall clock, which `loadSession` reads, goes with the world's. */
function sameClock(context: { mock: { method: (...given: never[]) => unknown } }, world: FakeWorld): void {
  (context.mock.method as (at: object, name: string, as: () => number) => unknown)(Date, "now", world.now);
}

test("Connect goes on with the conversation, and after reset with a new one.", async () => {
  const surface = await Surface.open({}, answer({ resume_token: "first" }));
  const { session } = surface;
  assert.throws(() => session.reset(), { code: "is_open" });
  session.disconnect();
  await surface.connects(answer({ resume_token: "second", resumed: "live" }));
  assert.equal(session.snapshot.resumed, "live");
  session.disconnect();
  session.reset();
  session.reset();
  assert.equal(session.canResume(), false);
  surface.world.replies.push(new Error("no network"));
  await assert.rejects(session.connect(), { code: "unreachable" });
  await surface.connects(answer({ conversation_id: "conv_2", resume_token: "third" }));
  session.disconnect();
  await surface.connects(answer({ conversation_id: "conv_2" }));
  assert.deepEqual(asked(surface), [null, "first", null, null, "third"]);
  assert.deepEqual(surface.of("onResumabilityChange"), [false, true]);
});

test("Reset forgets it for the next page, too.", async () => {
  const storages = { local: new FakeStorage(), session: new FakeStorage() };
  const memory = browserMemory(storages);
  const surface = await Surface.open({ memory });
  surface.session.disconnect();
  assert.equal(new Surface({ memory }, surface.world).session.canResume(), true);
  surface.session.reset();
  assert.equal(new Surface({ memory }, surface.world).session.canResume(), false);
  assert.equal(storages.local.length, 0);
});

test("The window closes by itself, and the next conversation is a new one.", async () => {
  const surface = await Surface.open();
  surface.session.disconnect();
  await surface.world.pass(299_999);
  assert.equal(surface.session.snapshot.canResume, true);
  await surface.world.pass(1);
  assert.deepEqual(surface.of("onResumabilityChange"), [false]);
  assert.equal(surface.session.snapshot.canResume, false);
  await surface.connects();
  assert.deepEqual(asked(surface), [null, null]);
  assert.deepEqual(surface.of("onResumabilityChange"), [false, true]);
});

test("A conversation that is over at the door is begun anew; nothing of it is an error.", async () => {
  const surface = await Surface.open({}, answer({ resume_token: "first" }));
  surface.session.disconnect();
  surface.world.replies.push(refusal(410, "conversation_ended"));
  await surface.connects(answer({ conversation_id: "conv_2" }));
  assert.deepEqual(asked(surface), [null, "first", null]);
  assert.deepEqual(surface.of("onError"), []);
});

test("What was said is there again when the conversation goes on.", async () => {
  const surface = await Surface.open();
  surface.line.says({ type: "response.text", content: "Hello.", turn_id: "a1" });
  surface.session.disconnect();
  await surface.connects(answer({ resumed: "live" }));
  assert.deepEqual(surface.session.snapshot.transcript, []);
  const said = { role: "assistant", content: "Hello.", turn_id: "a1", interrupted: false, at: 5 };
  surface.line.says({ type: "conversation.history", messages: [said] } as { type: string });
  assert.deepEqual(surface.session.snapshot.transcript.map(({ text }) => text), ["Hello."]);
});

test("A token that somebody else fetched opens it, and no door is asked.", async () => {
  const surface = new Surface();
  const opening = surface.session.connectWithToken("wss://other.test/socket", "dk_session_theirs");
  await settled();
  assert.deepEqual([surface.line.url, surface.line.protocols[1]], ["wss://other.test/socket", "dk_session_theirs"]);
  await surface.line.open();
  await opening;
  assert.deepEqual(surface.story, ["connecting", "connected"]);
  assert.deepEqual([surface.world.asked.length, surface.session.canResume()], [0, false]);
});

test("A token that opens nothing is an error, told once.", async () => {
  const surface = new Surface();
  const opening = surface.session.connectWithToken("wss://other.test/socket", "dk_session_void");
  await settled();
  const refused = assert.rejects(opening, { code: "unreachable" });
  await surface.line.ends(1006);
  await refused;
  assert.deepEqual(surface.story, ["connecting", "error", "error unreachable"]);
});

/** A session that was saved by one page, as the next one loads it after so many ms. */
async function reloaded(world: FakeWorld, ms: number, left = false): Promise<{ saved: string; next: Surface }> {
  const store = new FakeStorage();
  const before = new Surface({}, world);
  await before.connects(answer({ token: "dk_session_kept", resume_token: "dk_resume_kept" }));
  saveSession(before.session, store);
  if (left) before.session.disconnect();
  else world.happens("pagehide");
  await before.line.ends(4001); // nobody is there to see it any more
  before.session.close();
  world.asked.length = 0;
  world.turnsBack(-ms);
  const next = new Surface({}, world);
  return { saved: loadSession(store)?.token ?? "", next };
}

test("The next page goes on in the middle by what was kept: the same key, and the same right.", async (context) => {
  const world = new FakeWorld();
  sameClock(context as never, world);
  const { saved, next } = await reloaded(world, 29_000);
  const opening = next.session.connectWithToken("wss://example.test/v1/agents/web/websocket", saved);
  await settled();
  assert.equal(next.line.protocols[1], "dk_session_kept");
  await next.line.open();
  await opening;
  assert.deepEqual([asked(next), next.session.snapshot.conversationId], [[], "conv_1"]);
  assert.equal(next.session.snapshot.agentConfig?.name, "Desk");
  assert.deepEqual(next.story, ["connecting", "connected", "may return"]);
  next.session.disconnect();
  await next.connects();
  assert.deepEqual(asked(next), ["dk_resume_kept"]);
});

for (const [why, ms, left] of [["When no agent waits any more", 31_000, false], ["What was left on purpose", 0, true]] as const) {
  test(`${why}: the door is asked, with the right that was kept.`, async (context) => {
    const world = new FakeWorld();
    sameClock(context as never, world);
    const { saved, next } = await reloaded(world, ms, left);
    const sockets = world.sockets.length;
    const opening = next.session.connectWithToken("wss://example.test/x", saved);
    await settled();
    await next.line.open();
    await opening;
    assert.deepEqual([asked(next), world.sockets.length - sockets], [["dk_resume_kept"], 1]);
    assert.deepEqual(next.of("onError"), []);
  });
}

test("A kept key that opens nothing any more leads to the door, and nobody hears of it.", async (context) => {
  const world = new FakeWorld();
  sameClock(context as never, world);
  const { saved, next } = await reloaded(world, 1000);
  const opening = next.session.connectWithToken("wss://example.test/x", saved);
  await settled();
  await next.line.ends(4004);
  await settled();
  assert.deepEqual(asked(next), ["dk_resume_kept"]);
  await next.line.open();
  await opening;
  assert.deepEqual(next.story, ["connecting", "connected", "may return"]);
});

test("Who leaves while a kept key is tried is told so at once.", async (context) => {
  const world = new FakeWorld();
  sameClock(context as never, world);
  const { saved, next } = await reloaded(world, 1000);
  const opening = next.session.connectWithToken("wss://example.test/x", saved);
  await settled();
  next.session.disconnect();
  await assert.rejects(opening, { code: "left" });
  assert.equal(next.session.snapshot.connectionState, "disconnected");
  assert.deepEqual(next.of("onConnectionStateChange"), ["connecting", "disconnected"]);
});

test("What was loaded before it was left goes through the door, too.", async (context) => {
  const surface = await Surface.open({}, answer({ token: "dk_session_mine", resume_token: "right" }));
  sameClock(context as never, surface.world);
  const store = new FakeStorage();
  saveSession(surface.session, store);
  const { url, token } = loadSession(store)!;
  surface.session.disconnect();
  const opening = surface.session.connectWithToken(url, token);
  await settled();
  await surface.line.open();
  await opening;
  assert.deepEqual(asked(surface), [null, "right"]);
});

test("After five minutes nothing is loaded.", async (context) => {
  const world = new FakeWorld();
  sameClock(context as never, world);
  const { saved } = await reloaded(world, 300_000);
  assert.equal(saved, "");
});

test("A session that is not open cannot be saved.", () => {
  const store = new FakeStorage();
  const { session } = new Surface();
  assert.throws(() => saveSession(session, store), { code: "not_connected", message: /await session.connect/ });
  assert.equal(store.length, 0);
});

test("What was saved is kept fresh until it is left; what was cleared or taken is left alone.", async (context) => {
  const surface = await Surface.open();
  const { world, session } = surface;
  sameClock(context as never, world);
  const [one, two, cleared, taken] = [new FakeStorage(), new FakeStorage(), new FakeStorage(), new FakeStorage()];
  for (const store of [one, two, cleared, taken, one]) saveSession(session, store);
  clearSession(cleared);
  const other = { ...loadSession(one)!, conversationId: "conv_other" };
  saveSession({ ...other, token: "other's" }, taken);
  await lives(surface, 600_000);
  assert.deepEqual([one, two].map((store) => loadSession(store)?.ts), [world.now(), world.now()]);
  assert.deepEqual([loadSession(cleared), loadSession(taken)], [null, null]);
  await world.pass(4000);
  world.happens("pagehide");
  assert.equal(loadSession(one)?.ts, world.now());
  session.disconnect();
  assert.deepEqual([loadSession(one)?.left, loadSession(two)?.left], [true, true]);
  const { ts } = loadSession(one)!;
  await world.pass(60_000);
  assert.equal(loadSession(one)?.ts, ts);
});

test("A page may save in the document's words: what it leaves out is known of the open session.", async (context) => {
  const surface = await Surface.open({}, answer({ token: "dk_session_open", resume_token: "right" }));
  sameClock(context as never, surface.world);
  const store = new FakeStorage();
  saveSession({ token: "dk_session_open", roomName: "", ts: surface.world.now() }, store);
  const { url, token, conversationId, resumeToken, agent } = loadSession(store)!;
  assert.deepEqual(
    [url, token, conversationId, resumeToken, agent?.name],
    ["wss://example.test/v1/agents/web/websocket", "dk_session_open", "conv_1", "right", "Desk"],
  );
  await lives(surface, 400_000);
  assert.equal(loadSession(store)?.ts, surface.world.now());
});

test("A broken line is no sign of life, and an end that was not ours leaves what was kept.", async (context) => {
  const surface = await Surface.open();
  const { world, session } = surface;
  sameClock(context as never, world);
  const store = new FakeStorage();
  saveSession(session, store);
  const { ts } = loadSession(store)!;
  world.replies.push(...Array.from({ length: 20 }, () => new Error("no network")));
  await surface.line.ends(1006);
  await world.pass(20_000);
  assert.equal(loadSession(store)?.ts, ts);
  session.disconnect();
  assert.equal(loadSession(store)?.left, true);
});

test("A session that is closed leaves nothing behind: no timer, no listener, no word.", async () => {
  const surface = await Surface.open();
  saveSession(surface.session, new FakeStorage());
  surface.session.close();
  surface.session.close();
  assert.equal(surface.world.waiting, 0);
  assert.deepEqual(surface.of("onConnectionStateChange"), ["disconnected"]);
  await assert.rejects(surface.session.connect(), { code: "closed" });
});
