/** Sessions that are kept for the next page: how long, and what is of no use. */
import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../../tests/vectors/saved.json" with { type: "json" };
import { PULSE, saveSession } from "../src/keeping.js";
import { clearSession, GRACE, isLive, KEY, loadSession, RESUME_WINDOW } from "../src/saved.js";
import { FakeStorage } from "./fakes.js";

const NOW = 1_800_000_000_000;
const KEPT = {
  url: "ws://x",
  token: "a.b.c",
  roomName: "room-1",
  ts: NOW,
  conversationId: "conv_1",
  resumeToken: "dk_resume_1",
  left: false,
  config: null,
  agent: { name: "Desk", avatarImageUrl: null },
};

test("The times are those of the vectors.", () => {
  const { resume_window, grace, pulse } = vectors;
  assert.deepEqual([RESUME_WINDOW, GRACE, PULSE], [resume_window, grace, pulse]);
});

test("What is still to be had, the vectors say of every age.", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: NOW });
  for (const [age, left, loads, live] of vectors.ages as [number, boolean, boolean, boolean][]) {
    const store = new FakeStorage();
    const kept = { ...KEPT, ts: NOW - age, left };
    saveSession(kept, store);
    assert.deepEqual(loadSession(store), loads ? kept : null, String(age));
    assert.equal(isLive(kept), live, String(age));
  }
});

test("It lies in the tab's own storage, unless another one is given.", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: NOW });
  const [own, other] = [new FakeStorage(), new FakeStorage()];
  Object.defineProperty(globalThis, "sessionStorage", { value: own, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "sessionStorage"));
  saveSession(KEPT);
  saveSession({ ...KEPT, token: "d.e.f" }, other);
  assert.deepEqual([loadSession()?.token, loadSession(other)?.token], ["a.b.c", "d.e.f"]);
  clearSession();
  clearSession();
  assert.deepEqual([loadSession(), loadSession(other)?.token], [null, "d.e.f"]);
});

test("A page may say no more than the document's four things.", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: NOW });
  const store = new FakeStorage();
  const { url, token, roomName, ts } = KEPT;
  saveSession({ url, token, roomName, ts }, store);
  const rest = { conversationId: "", resumeToken: null, left: false, config: null, agent: null };
  assert.deepEqual(loadSession(store), { url, token, roomName, ts, ...rest });
});

test("What nobody can come back by is not kept, and the page is told why.", () => {
  const store = new FakeStorage();
  assert.throws(() => saveSession({ token: "a", roomName: "nowhere", ts: NOW }, store), {
    code: "not_connected",
    message: /no open session has this token or room/,
  });
  assert.equal(store.length, 0);
});

test("What cannot be used counts as nothing.", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: NOW });
  const store = new FakeStorage();
  const whole = { url: "ws://x", token: "a", ts: NOW };
  for (const text of [
    "",
    "{",
    "[]",
    "null",
    "7",
    '"x"',
    "{}",
    JSON.stringify({ ...whole, url: "" }),
    JSON.stringify({ ...whole, url: 7 }),
    JSON.stringify({ ...whole, ts: true }),
    JSON.stringify({ ...whole, ts: String(NOW) }),
    JSON.stringify({ ...whole, left: "no" }),
    JSON.stringify({ ...whole, config: "all" }),
    JSON.stringify({ ...whole, resumeToken: 7 }),
    JSON.stringify({ ...whole, ts: NOW + 600_000 }),
  ]) {
    store.kept.set(KEY, text);
    assert.equal(loadSession(store), null, text);
  }
  store.kept.set(KEY, JSON.stringify(whole));
  assert.equal(loadSession(store)?.token, "a");
});

test("A storage that is forbidden, or none at all, costs the way back and nothing else.", () => {
  const store = new FakeStorage();
  store.broken = true;
  assert.doesNotThrow(() => saveSession(KEPT, store));
  assert.equal(loadSession(store), null);
  assert.doesNotThrow(() => clearSession(store));
  assert.doesNotThrow(() => saveSession(KEPT));
  assert.equal(loadSession(), null);
});
