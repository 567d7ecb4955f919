/** Terms that the agent's owner changes while a page is open. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Call } from "../src/call.js";
import type { Terms } from "../src/consent.js";
import { askFace } from "../src/face.js";
import type { Agreement, LiveKitSession } from "../src/seam.js";
import { settings } from "./world.js";

const OLD: Terms = { text: "Old.", url: null, hash: "old" };
const NEW: Terms = { text: "New.", url: null, hash: "new" };
const settled = (): Promise<unknown> => new Promise(setImmediate);

/** A session whose server wants one agreement, and refuses whoever brings another. */
function refusing(wanted: string) {
  const surfaces = new Set<() => void>();
  const idle = { line: "idle", connectionState: "idle", transcript: [], error: null, retryAfter: null };
  const session = {
    ticket: null,
    failure: null as { code: string } | null,
    consent: null as Agreement | null,
    snapshot: { ...idle } as Record<string, unknown>,
    tries: [] as (string | undefined)[],
    reset: () => undefined,
    setMuted: () => undefined,
    publishMicrophone: async () => undefined,
    subscribe: (surface: () => void) => (surfaces.add(surface), () => surfaces.delete(surface)),
    subscribeToDataMessages: () => () => undefined,
    on: () => () => undefined,
    async connect() {
      session.tries.push(session.consent?.hash);
      await null; // the server answers later
      const agreed = session.consent?.hash === wanted;
      session.failure = agreed ? null : { code: "consent_required" };
      const line = agreed ? "connected" : "failed";
      session.snapshot = { ...idle, line, connectionState: agreed ? "connected" : "error", session, connect: session.connect };
      for (const surface of surfaces) surface();
      if (!agreed) throw new Error("refused");
    },
  };
  Object.assign(session.snapshot, { session, connect: session.connect });
  return session;
}

function widget(session: ReturnType<typeof refusing>, held: Terms) {
  let known = OLD;
  const asked: boolean[] = [];
  const nothing = (): void => undefined;
  const call = new Call(settings(), {
    ...{ changed: nothing, said: nothing, pickedUp: nothing, notice: nothing, devices: nothing, tell: nothing },
    leads: () => false,
    make: async () => session as unknown as LiveKitSession,
    async terms(anew) {
      asked.push(anew);
      if (anew) known = held;
      return known;
    },
  });
  return { call, asked };
}

for (const whose of ["the widget's own session", "a session that the page lends"]) {
  test(`terms that changed since the page was opened are shown when ${whose} is refused`, async () => {
    const session = refusing("new");
    const { call, asked } = widget(session, NEW);
    const real = session as unknown as LiveKitSession;
    if (whose.includes("lends")) call.borrow(real.snapshot, real);
    call.start();
    await settled();
    assert.equal(call.terms, OLD);
    call.agree();
    await settled();
    assert.deepEqual([call.terms, call.model.asks], [NEW, true], "the new ones, without a reload");
    call.agree();
    await settled();
    assert.deepEqual(session.tries, ["old", "new"]);
    assert.equal(call.model.line.state, "connected");
    assert.equal(asked.filter(Boolean).length, 1);
  });
}

test("who agreed to what holds and is refused all the same is told so, and not asked for ever", async () => {
  const session = refusing("another");
  const { call } = widget(session, OLD);
  call.start();
  await settled();
  call.agree();
  await settled();
  assert.deepEqual([call.model.line.state, call.model.asks, session.tries], ["failed", false, ["old"]]);
});

test("a server is asked anew past what a cache knows", async () => {
  const before = globalThis.fetch;
  const caches: unknown[] = [];
  globalThis.fetch = async (_, init) => (caches.push(init?.cache), new Response("{}"));
  try {
    const { signal } = new AbortController();
    for (const anew of [false, true]) await askFace("https://a.example", "desk", null, signal, anew);
  } finally {
    globalThis.fetch = before;
  }
  assert.deepEqual(caches, ["default", "reload"]);
});
