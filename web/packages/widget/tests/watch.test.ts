/** What a widget makes of the session that it shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Call } from "../src/call.js";
import type { ControlledSession, LiveKitSession, Snapshot } from "../src/seam.js";
import { settings } from "./world.js";

Object.defineProperty(globalThis, "location", { value: { href: "https://a.example/here" }, configurable: true });

/** A session of another world, and everything that a widget which shows it was told. */
function lent(change: Partial<Snapshot>) {
  const surfaces = new Set<() => void>();
  const leads = new Set<(url: string) => void>();
  const devices = new Set<() => void>();
  const told: string[] = [];
  const session = {
    ticket: null,
    failure: null,
    snapshot: { connectionState: "connected", line: "connected", resumed: null, transcript: [], error: null, ...change },
    subscribe: (surface: () => void) => (surfaces.add(surface), () => surfaces.delete(surface)),
    subscribeToDataMessages: () => () => undefined,
    on: (name: string, ear: () => void) => {
      const among = name === "navigate" ? leads : name === "devices" ? devices : new Set();
      among.add(ear);
      return () => among.delete(ear);
    },
  };
  Object.assign(session.snapshot, { session });
  const widget = (leads: boolean, told: string[]): Call => new Call(settings(), {
    changed: () => undefined,
    said: () => undefined,
    pickedUp: () => void told.push("picked up"),
    notice: (text) => void told.push(text),
    devices: () => void told.push("devices"),
    leads: () => leads,
    tell: ([name, detail]) => void (name === "duologue-navigate" && told.push(String(detail["url"]))),
    make: () => Promise.reject(new Error("no client here")),
    terms: async () => null,
  });
  const real = session as unknown as LiveKitSession;
  const shows = (leads: boolean, told: string[]): Call => {
    const call = widget(leads, told);
    call.borrow(real.snapshot, real);
    return call;
  };
  const call = shows(false, told);
  return {
    told,
    call,
    shows,
    becomes(next: Partial<Snapshot>) {
      session.snapshot = { ...session.snapshot, ...next };
      for (const surface of surfaces) surface();
    },
    leads: (url: string) => leads.forEach((ear) => ear(url)),
    finds: () => devices.forEach((ear) => ear()),
    ears: () => surfaces.size + leads.size + devices.size,
  };
}

const BROKEN = { line: "reconnecting", connectionState: "connecting" } as const;
const STANDS = { line: "connected", connectionState: "connected" } as const;

test("a conversation that was built anew is picked up, once; a surface that comes later has no news of it", () => {
  const { told, becomes } = lent({ resumed: "rebuilt" });
  assert.deepEqual(told, []);
  becomes({ line: "disconnected", connectionState: "disconnected" });
  becomes({ line: "connecting", connectionState: "connecting" });
  becomes(STANDS);
  assert.deepEqual(told, ["picked up"]);
  becomes(BROKEN);
  becomes(STANDS);
  assert.deepEqual(told, ["picked up"], "a room mends itself, and still knows how it began");
});

test("a line that blinks is not picked up, for nobody left it; one that was away for long is", () => {
  const { told, becomes } = lent({ resumed: null });
  becomes(BROKEN);
  becomes({ ...STANDS, resumed: "live" });
  assert.deepEqual(told, []);
  becomes(BROKEN);
  becomes({ resumed: "rebuilt" });
  becomes(STANDS);
  assert.deepEqual(told, ["picked up"]);
});

test("where the page's own connect comes to nothing, the line is shown as it is, and can be tried again", async () => {
  const { call } = lent({ line: "idle", connectionState: "idle" });
  let tries = 0;
  const connect = (): Promise<void> => (tries++, Promise.reject(new Error("closed")));
  const bare = { connectionState: "idle", agentState: "idle", transcript: [], canResume: false, error: null, connect };
  for (const one of [call.controlled!, bare as unknown as ControlledSession]) {
    call.borrow({ ...one, connect }, one === call.controlled ? call.session : null);
    call.start();
    assert.equal(call.model.line.state, "connecting");
    await new Promise(setImmediate);
    assert.equal(call.model.line.state, "idle");
  }
  assert.equal(tries, 2);
});

test("an agent leads to pages, and to nothing that would run", () => {
  const { told, leads } = lent({});
  for (const url of ["/menu", "javascript:alert(1)", "https://b.example/", "data:text/html,x"]) leads(url);
  assert.deepEqual(told, ["/menu", "https://b.example/"]);
});

test("of several widgets the one leads that the page wants to hear, else the first, and never two", () => {
  const { told, leads, shows } = lent({});
  const [routed, third]: string[][] = [[], []];
  const second = shows(true, routed!);
  shows(true, third!);
  leads("/menu");
  assert.deepEqual([told, routed, third], [[], ["/menu"], []]);
  second.close();
  leads("/desk");
  assert.deepEqual([told, third], [[], ["/desk"]]);
  const alone = lent({});
  alone.shows(false, routed!);
  alone.leads("/home");
  assert.deepEqual([alone.told, routed], [["/home"], ["/menu"]]);
});

test("microphones are listed anew when they got their names, which is after one was allowed", () => {
  const { told, finds } = lent({});
  finds();
  assert.deepEqual(told, ["devices"]);
});

test("a widget that goes listens to nothing of a session that stays", () => {
  const { call, ears } = lent({});
  assert.equal(ears(), 3);
  call.close();
  assert.equal(ears(), 0);
});

test("a session that was made for an agent that is no longer meant is not shown, however late it comes", async () => {
  const made: ((session: LiveKitSession | Error) => void)[] = [];
  const closed: string[] = [];
  const session = (name: string): LiveKitSession => ({ ...lent({}).call.session, name, close: () => closed.push(name) }) as never;
  const nothing = (): void => undefined;
  const call = new Call(settings(), {
    ...{ changed: nothing, said: nothing, pickedUp: nothing, notice: nothing, devices: nothing, tell: nothing },
    leads: () => false,
    make: () => new Promise((done, fail) => made.push((one) => (one instanceof Error ? fail(one) : done(one)))),
    terms: async () => null,
  });
  const [first, second] = [call.prepare(), (call.close(), call.prepare())];
  made[1]?.(session("second"));
  assert.equal((await second)?.snapshot.connectionState, "connected");
  made[0]?.(session("first"));
  assert.equal(await first, null);
  assert.deepEqual([closed, (call.session as unknown as { name: string }).name], [["first"], "second"]);
  const [third, fourth] = [(call.close(), call.prepare()), (call.close(), call.prepare())];
  made[2]?.(new Error("lost"));
  assert.equal(await third, null);
  made[3]?.(session("fourth"));
  assert.equal(await fourth, await call.prepare(), "the failure of another forgets nothing");
});
