/** One session on many surfaces, and what a session is made of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControlledSession, Snapshot } from "../src/controlled.js";
import { LiveKitSession, lead, sessionBehind } from "../src/livekit-session.js";
import { answer, FakeWorld, settled } from "./fakes.js";
import { Surface } from "./surface.js";

test("A snapshot is a new frozen object at each change, and its functions stay the same.", async () => {
  const surface = new Surface();
  const { session } = surface;
  const seen: Snapshot[] = [];
  session.subscribe(() => seen.push(session.snapshot));
  const before = session.snapshot;
  assert.equal(session.snapshot, before);
  await surface.connects();
  surface.line.says({ type: "response.text", content: "Hello.", turn_id: "a1" });
  surface.line.says({ type: "agent.tool", name: "book", call_id: "c1", status: "started" });
  assert.equal(session.snapshot.tool, "book");
  surface.line.says({ type: "agent.tool", name: "book", call_id: "c1", status: "done" });
  assert.equal(session.snapshot.tool, null);
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(seen.length > 4);
  const functions = ["connect", "disconnect", "sendData", "subscribeToDataMessages"] as const;
  for (const each of seen) {
    assert.ok(Object.isFrozen(each));
    for (const name of functions) assert.equal(each[name], before[name]);
  }
  const { transport, line, activity, conversationId, pushToTalk, session: itself } = session.snapshot;
  assert.deepEqual([transport, line, conversationId, pushToTalk], ["websocket", "connected", "conv_1", false]);
  assert.ok(["idle", "initializing"].includes(activity));
  assert.equal(itself, session);
});

test("Surfaces come and go, see the same, and none of them ends the session.", async () => {
  const surface = new Surface();
  const { session } = surface;
  const [panel, bubble]: [Snapshot[], Snapshot[]] = [[], []];
  const closePanel = session.subscribe(() => panel.push(session.snapshot));
  session.subscribe(() => {
    throw new Error("a surface of its own");
  })();
  const closeBubble = session.subscribe(() => bubble.push(session.snapshot));
  await surface.connects();
  assert.ok(panel.every((each, place) => each === bubble[place]));
  closePanel();
  closePanel();
  const { length } = panel;
  surface.line.says({ type: "response.text", content: "Hello.", turn_id: "a1" });
  assert.equal(panel.length, length);
  assert.equal(bubble.at(-1)?.transcript.length, 1);
  closeBubble();
  assert.equal(session.snapshot.connectionState, "connected");
});

test("An object that a page puts together field by field leads to the session behind it.", () => {
  const { session } = new Surface();
  const { agentId, connectionState, agentState, transcript, agentConfig, videoElement } = session.snapshot;
  const { audioElement, canResume, error, connect, disconnect } = session.snapshot;
  const own: ControlledSession = {
    ...{ agentId, connectionState, agentState, transcript, agentConfig, videoElement },
    ...{ audioElement, canResume, error, connect, disconnect },
  };
  assert.equal(sessionBehind(own), session);
  const other = { ...own, connect: async () => {} };
  assert.equal(sessionBehind(other), null);
  lead(other.connect, session);
  assert.equal(sessionBehind(other), session);
});

test("The functions of a session need no session before the dot.", async () => {
  const surface = new Surface();
  const { connect, disconnect, connectWithToken, subscribe } = surface.session;
  assert.equal(typeof subscribe(() => {}), "function");
  const opening = connect();
  await settled();
  await surface.line.open();
  await opening;
  disconnect();
  const again = connectWithToken("wss://x.test/", "dk_session_x");
  await settled();
  await surface.line.open();
  await again;
  assert.deepEqual(surface.of("onConnectionStateChange").at(-1), "connected");
});

test("The door is asked in the page's words: key, endpoint, and a body that is read at each connection.", async () => {
  const body: Record<string, unknown> = { userId: "u1", plan: "gold" };
  const world = new FakeWorld();
  const surface = new Surface(
    {
      apiKey: "dk_public_1",
      baseUrl: "https://talk.test/",
      sessionEndpoint: "https://shop.test/voice",
      sessionBody: body,
      visitor: () => "vis_1",
    },
    world,
  );
  await surface.connects();
  body["plan"] = "silver";
  surface.session.disconnect();
  await surface.connects();
  const [first, second] = world.asked;
  assert.deepEqual([first?.url, first?.headers["x-api-key"]], ["https://shop.test/voice", "dk_public_1"]);
  const { agentId, userId, plan, transports, visitor_id } = first?.body as unknown as Record<string, unknown>;
  assert.deepEqual([agentId, userId, plan, visitor_id], ["desk", "u1", "gold", "vis_1"]);
  assert.ok((transports as string[]).includes("websocket"));
  assert.equal((second?.body as unknown as Record<string, unknown>)["plan"], "silver");
  assert.equal(surface.session.baseUrl, "https://talk.test");
});

test("What a visitor agreed to goes with each request from then on, beside all that the page says.", async () => {
  const surface = new Surface({ sessionBody: { plan: "gold", consent: { hash: "page", at: 1 } } });
  assert.deepEqual(surface.session.consent, { hash: "page", at: 1 });
  await surface.connects();
  surface.session.disconnect();
  surface.session.consent = { hash: "abc", at: 17 };
  await surface.connects();
  const told = surface.world.asked.map(({ body }) => {
    const { plan, consent } = body as unknown as Record<string, unknown>;
    return [plan, consent];
  });
  assert.deepEqual(told, [
    ["gold", { hash: "page", at: 1 }],
    ["gold", { hash: "abc", at: 17 }],
  ]);
  assert.deepEqual(surface.session.consent, { hash: "abc", at: 17 });
  assert.equal(new Surface().session.consent, null);
});

test("Without an address it is the page's own origin, and without a key none is sent.", async () => {
  const surface = await Surface.open();
  assert.equal(surface.session.baseUrl, "https://example.test");
  assert.equal(surface.world.asked[0]?.url, "https://example.test/api/widget/session");
  assert.equal("x-api-key" in (surface.world.asked[0]?.headers ?? {}), false);
});

test("What cannot be meant is refused by name, and what nobody knows is told to the console.", () => {
  const make = (options: object) => () => new LiveKitSession(options as { agentId: string }, new FakeWorld());
  assert.throws(make({ agentId: " " }), { name: "TypeError", message: /agentId is empty/ });
  assert.throws(make({}), { message: /agentId is empty/ });
  assert.throws(make({ agentId: "desk", baseUrl: "talk" }), { message: /baseUrl is no address: "talk"/ });
  for (const name of ["agentId", "agent_id", "agent", "agentName", "agent_name"]) {
    const message = `sessionBody.${name} would name the agent again; use agentId`;
    assert.throws(make({ agentId: "desk", sessionBody: { [name]: "x" } }), { message });
  }
  const world = new FakeWorld();
  new LiveKitSession({ agentId: "desk", memory: null, apikey: "x" } as { agentId: string }, world);
  assert.equal(world.complaints.length, 1);
  assert.match(world.complaints[0] ?? "", /^LiveKitSession does not know apikey. It knows agentId, baseUrl, apiKey,/);
});

test("Everything of the session beneath is at hand: levels, turns, typing, devices.", async () => {
  const surface = await Surface.open({}, answer({}, "push_to_talk"));
  const { session } = surface;
  assert.deepEqual([session.inputLevel, session.outputLevel, session.reloaded], [0.25, 0.5, false]);
  assert.equal(session.snapshot.pushToTalk, true);
  session.startTurn();
  session.endTurn();
  session.sendText("Two, please.");
  session.interrupt();
  session.setMuted(true);
  assert.deepEqual(surface.line.types.slice(1), [
    "trigger.turn.start",
    "trigger.turn.end",
    "client.response.text",
    "client.interrupt",
  ]);
  assert.deepEqual(await session.devices(), []);
  await session.unblockSound();
  await session.unpublishMicrophone();
  assert.ok(surface.world.loudspeaker.did.includes("muted"));
  await assert.rejects(session.publishCamera(), { code: "not_on_this_transport" });
  await assert.rejects(session.publishScreen(), { code: "not_on_this_transport" });
  await session.unpublishCamera();
  await session.unpublishScreen();
  const { url, token, roomName } = session.ticket!;
  assert.ok(url.startsWith("wss:") && token.startsWith("dk_session_"));
  assert.equal(roomName, null);
});
