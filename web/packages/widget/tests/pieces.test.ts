/** Small parts: levels, poses, terms, addresses, what is remembered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAttributes } from "../src/attributes.js";
import { trimmed } from "../src/base.js";
import { bring } from "../src/bring.js";
import { remembered, sha256, termsOf } from "../src/consent.js";
import { Lending } from "../src/lending.js";
import { Levels } from "../src/levels.js";
import { bareLine, isOpen, lineOf } from "../src/model.js";
import { between, distance, poses } from "../src/moods.js";
import { pageAt, tellPage } from "../src/navigate.js";
import { sessionOptions } from "../src/options.js";
import { Remember } from "../src/remember.js";
import type { Client, ControlledSession, LiveKitSession, Snapshot } from "../src/seam.js";
import { cutOff } from "../src/transcript.js";
import { FACE, settings } from "./world.js";

/** A browser's storage that can be told to refuse. */
function storage(): Storage & { shut: boolean } {
  const kept = new Map<string, string>();
  const one = {
    shut: false,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem(key: string, value: string) {
      if (one.shut) throw new Error("no room");
      kept.set(key, value);
    },
  };
  return one as unknown as Storage & { shut: boolean };
}

test("loudness rises at once and falls slowly", () => {
  const levels = new Levels();
  levels.push(1);
  assert.ok(levels.now > 0.7);
  levels.push(0);
  assert.ok(levels.now > 0.4 && levels.ago(1) > 0.7);
  for (let frame = 0; frame < 40; frame++) levels.push(-1);
  assert.equal(levels.now, 0);
});

test("a pose glides to another one", () => {
  assert.equal(distance(between(poses.idle, poses.apart, 1), poses.apart), 0);
  assert.ok(distance(poses.idle, poses.apart) > 1);
});

test("the agent's own terms come before the page's, for the server asks for those", async () => {
  const own = { text: "Ours", url: null, hash: "abc" };
  assert.equal(await termsOf("Mine", { ...FACE, consent: own }), own);
  assert.equal(await termsOf(null, FACE), null);
  const mine = await termsOf("Mine", FACE);
  assert.deepEqual(mine, { text: "Mine", url: null, hash: await sha256("Mine") });
  assert.match(mine?.hash ?? "", /^[0-9a-f]{64}$/);
});

test("an agreement is remembered under the hash of what was agreed to", () => {
  const [local, tab] = [storage(), storage()];
  const remember = new Remember(() => local, () => tab);
  const terms = { text: "Mine", url: null, hash: "abc" };
  assert.equal(remembered(terms, remember), null);
  remember.agree("abc", 17);
  assert.deepEqual(remembered(terms, remember), { hash: "abc", at: 17 });
  assert.equal(remembered({ ...terms, hash: "def" }, remember), null);
  assert.equal(remembered({ ...terms, hash: "" }, remember), null);
});

test("a browser that keeps nothing begins anew each time", () => {
  const full = storage();
  full.shut = true;
  const remember = new Remember(
    () => full,
    () => {
      throw new Error("forbidden");
    },
  );
  const first = { voice: true, muted: false, live: false };
  remember.keepOpen("corner", true);
  remember.choose("desk", { ...first, live: true });
  assert.equal(remember.open("corner"), null);
  assert.deepEqual(remember.choices("desk", first), first);
});

test("a page is led to pages only", () => {
  assert.equal(pageAt("/menu?day=1", "https://a.example/x"), "https://a.example/menu?day=1");
  assert.equal(pageAt("https://b.example/", "https://a.example/x"), "https://b.example/");
  assert.equal(pageAt("javascript:alert(1)", "https://a.example/x"), null);
  assert.equal(pageAt("data:text/html,x", "https://a.example/x"), null);
});

test("an agent is told of a page once, whichever surface tells it", async () => {
  const before = { location: globalThis.location, document: globalThis.document };
  const page = (pathname: string): void =>
    void Object.assign(globalThis, {
      location: { origin: "https://a.example", pathname },
      document: { title: "Menu" },
    });
  const sent: unknown[] = [];
  let fails = false;
  const session = {
    ticket: null,
    sendData: async (data: Record<string, unknown>) => {
      if (fails) throw new Error("the line is away");
      sent.push(data);
    },
  };
  try {
    page("/menu");
    tellPage(session, null);
    tellPage(session, null);
    page("/contact");
    fails = true;
    tellPage(session, null);
    await Promise.resolve();
    await Promise.resolve();
    fails = false;
    tellPage(session, "/other");
    tellPage(session, null);
  } finally {
    Object.assign(globalThis, before);
  }
  const told = { type: "duologue.page", url: "https://a.example/menu", title: "Menu", path: "/menu" };
  const next = { ...told, url: "https://a.example/contact" };
  assert.deepEqual(sent, [told, { ...next, path: "/other" }, { ...next, path: "/contact" }]);
});

test("an address has no end that paths would double", () => {
  assert.equal(trimmed("https://a.example/voice/?x=1#y"), "https://a.example/voice");
});

test("an interrupted line ends as it does in a play", () => {
  assert.equal(cutOff("the kitchen closes at ten, "), "the kitchen closes at ten\u00a0—");
});

test("an object of the page's own is shown as far as it goes", () => {
  const lent = { connectionState: "error", agentState: "idle", canResume: true, error: "Gone." } as ControlledSession;
  const line = bareLine(lent);
  assert.deepEqual([line.state, line.resumable, line.whole], ["failed", true, false]);
  assert.deepEqual(line.trouble, { code: "unknown", message: "Gone." });
  assert.ok(isOpen(bareLine({ ...lent, connectionState: "connected" })) && !isOpen(line));
});

test("a session's trouble has the server's own code, and a microphone's is none of the line", () => {
  const snapshot = (code: string | null, errorCode: string): Snapshot =>
    ({ error: "No.", errorCode, session: { failure: code === null ? null : { code } } }) as unknown as Snapshot;
  assert.equal(lineOf(snapshot("replaced", "ROOM_DISCONNECT")).trouble?.code, "replaced");
  assert.equal(lineOf(snapshot(null, "key_expired")).trouble?.code, "key_expired");
  assert.equal(lineOf(snapshot(null, "MIC_NOT_FOUND")).trouble, null);
});

test("the session behind an object that is put together anew each time is found once, and known from then on", async () => {
  const session = { subscribe: () => () => undefined } as unknown as LiveKitSession;
  const connect = async (): Promise<void> => undefined;
  const lent = (): ControlledSession => ({ connect }) as ControlledSession;
  const client = { sessionBehind: (one: ControlledSession) => (one.connect === connect ? session : null) } as Client;
  const lending = new Lending();
  assert.equal(lending.behind(lent()), null);
  assert.equal(await lending.find(lent(), async () => client), session);
  assert.equal(lending.behind(lent()), session);
  assert.equal(await lending.find(lent(), () => Promise.reject(new Error("offline"))), session);
  assert.equal(new Lending().behind({ ...lent(), session } as ControlledSession), session);
  assert.equal(await new Lending().find(lent(), () => Promise.reject(new Error("offline"))), null);
});

test("what a tag tells of its visitor is what it says when the line opens, not when the session was made", () => {
  const said = (metadata: string) => readAttributes((name) => ({ metadata, tabs: "share" })[name] ?? null);
  const tag = { given: said('{"plan":"free"}'), face: FACE, base: "https://a.example", settings: settings() };
  let who: string | null = null;
  const options = sessionOptions(tag, () => who);
  const visitor = options.visitor as () => string | null;
  assert.deepEqual([options.sessionBody, visitor()], [{ plan: "free" }, null]);
  tag.given = said('{"plan":"gold"}');
  tag.face = { ...FACE, overrides: ["tabs"] };
  who = "vis_1";
  assert.deepEqual([options.sessionBody, visitor()], [{ plan: "gold", config: { tabs: "share" } }, "vis_1"]);
});

test("a module that could not be had is asked for anew, under an address that no browser remembers", async () => {
  const asked: string[] = [];
  const there = new Set<string>();
  const load = async (address: string): Promise<unknown> => {
    asked.push(address);
    if (!there.has(address)) throw new Error("not to be had");
    return address;
  };
  await assert.rejects(bring("/a.js", load));
  await assert.rejects(bring("/a.js", load));
  there.add("/a.js?again=2");
  assert.equal(await bring("/a.js", load), "/a.js?again=2");
  assert.equal(await bring("/a.js", load), "/a.js?again=2", "and there is one of it from then on");
  assert.deepEqual(asked, ["/a.js", "/a.js", "/a.js?again=1", "/a.js", "/a.js?again=2", "/a.js?again=2"]);
  there.add("/b.js?x");
  assert.equal(await bring("/b.js?x", load), "/b.js?x");
});
