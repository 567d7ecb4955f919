import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControlledSession, SessionError, sessionBehind } from "@duologue/client";
import { Held } from "../src/held.js";
import { agentSessionOf } from "../src/surface.js";
import { FakeSession, settled } from "./fakes.js";

function holding(): { held: Held; made: FakeSession[] } {
  const made: FakeSession[] = [];
  const held = new Held("key", "demo", "", () => {
    made.push(new FakeSession());
    return (made.at(-1) as FakeSession).real;
  });
  return { held, made };
}

test("a component that is rendered and never shown makes no session", () => {
  const { held, made } = holding();
  assert.equal(held.snapshot(), held.idle);
  assert.equal(held.snapshot().getRoom(), null);
  held.snapshot().disconnect();
  assert.equal(made.length, 0);
});

test("StrictMode's letting go and taking hold again is one session, which stays open", async () => {
  const { held, made } = holding();
  held.subscribe(() => {})();
  const let_go = held.subscribe(() => {});
  await settled();
  assert.equal(made.length, 1);
  assert.deepEqual(made[0]?.calls, []);
  let_go();
  await settled();
  assert.deepEqual(made[0]?.calls, ["close"]);
});

test("each change is a new object, and what it can do stays the same functions", () => {
  const { held, made } = holding();
  let told = 0;
  held.subscribe(() => (told += 1));
  const before = held.snapshot();
  assert.equal(held.snapshot(), before);
  made[0]?.show({ agentState: "speaking" });
  const after = held.snapshot();
  assert.equal(told, 1);
  assert.notEqual(after, before);
  assert.equal(after.agentState, "speaking");
  assert.equal(after.connect, held.idle.connect);
  assert.equal(after.sendText, before.sendText);
  assert.equal(after.session, made[0]?.real);
});

test("a child's effect may connect before the component that holds the session is shown", async () => {
  const { held, made } = holding();
  await held.idle.connect();
  held.subscribe(() => {});
  assert.equal(made.length, 1);
  assert.equal(held.snapshot().connectionState, "connected");
});

test("a session that was closed is not connected again behind everybody's back", async () => {
  const { held, made } = holding();
  held.subscribe(() => {})();
  await settled();
  await assert.rejects(held.idle.connect(), (error: SessionError) => error.code === "closed");
  assert.equal(made.length, 1);
});

test("a component that is shown again after it went has a new session", async () => {
  const { held, made } = holding();
  held.subscribe(() => {})();
  await settled();
  held.subscribe(() => {});
  assert.equal(made.length, 2);
  assert.equal(held.snapshot().session, made[1]?.real);
});

test("an object that a page puts together field by field leads to the session", async () => {
  const { held, made } = holding();
  held.subscribe(() => {});
  const { connect, disconnect, ...shown } = held.snapshot();
  const byHand: ControlledSession = {
    agentId: "demo",
    connectionState: shown.connectionState,
    agentState: shown.agentState,
    transcript: shown.transcript,
    agentConfig: null,
    videoElement: null,
    audioElement: null,
    canResume: false,
    error: null,
    connect,
    disconnect,
  };
  assert.equal(sessionBehind(byHand), made[0]?.real);
  const session = agentSessionOf(byHand);
  assert.equal(session, agentSessionOf(byHand), "the same object for the same object");
  await session.sendText("Hello.");
  assert.deepEqual(made[0]?.calls, ["text Hello."]);
  assert.equal(session.level?.("agent"), 0.5);
  assert.equal(agentSessionOf({ ...byHand }).sendText, session.sendText, "stable functions");
});

test("a session that was made by hand says that it takes no text", async () => {
  const { held } = holding();
  const { sendText: _, getRoom: __, session: ___, ...rest } = held.idle;
  const session = agentSessionOf({ ...rest, connect: async () => {} });
  await assert.rejects(session.sendText("Hello."), /made by hand, and has no sendText/);
  assert.equal(session.getRoom(), null);
});
