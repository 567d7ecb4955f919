/** What the tracker keeps and sends: nothing that its visitor did not agree to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VISITOR } from "../../src/tracker/identity.js";
import { UNSENT } from "../../src/tracker/outbox.js";
import { FakeBrowser, FakePage } from "./page.js";

const SECOND = 1000;

test("Until the visitor answers, all is in memory, and nothing leaves it.", async () => {
  const page = new FakePage();
  const tracker = page.tracker({});
  tracker.track("looked");
  await page.pass(9 * SECOND);
  page.happens("pagehide");
  page.shows(false);
  assert.equal(tracker.consent, "ask");
  assert.deepEqual([page.sent, page.kept], [[], []]);
  assert.equal(tracker.visitorId, null, "a session shall not tell it either");
});

test("Yes sends what waited, and is remembered by the browser.", async () => {
  const page = new FakePage();
  const tracker = page.tracker({});
  tracker.track("looked");
  await page.pass(5 * SECOND);
  tracker.setConsent("granted");
  tracker.setConsent("granted");
  await page.pass(SECOND);
  assert.deepEqual(page.told, ["page / Home", "event looked"]);
  assert.match(String(tracker.visitorId), /^vis_/);
  assert.equal(page.sent[0]?.batch.visitor, tracker.visitorId);
  assert.deepEqual(page.kept, [VISITOR]);
  const next = new FakePage(page.browser).tracker({});
  assert.deepEqual([next.consent, next.visitorId], ["granted", tracker.visitorId]);
});

test("No forgets what waited, and leaves no storage.", async () => {
  const page = new FakePage();
  const tracker = page.tracker({});
  tracker.setConsent("denied");
  page.goes("/rooms");
  tracker.track("x");
  tracker.identify("u1");
  page.clicks({ duologueTrack: "book" });
  await page.pass(9 * SECOND);
  page.happens("pagehide");
  assert.deepEqual([page.sent, page.kept, page.complaints], [[], [], []]);
  assert.deepEqual([tracker.visitorId, tracker.consent], [null, "denied"]);
});

test("No after a yes removes what was kept, in every tab.", async () => {
  const browser = new FakeBrowser();
  const [page, beside] = [new FakePage(browser), new FakePage(browser)];
  const [tracker, other] = [page.tracker(), beside.tracker()];
  page.isOnline = beside.isOnline = false;
  tracker.track("unsent");
  assert.deepEqual(page.kept, [VISITOR, UNSENT].sort());
  tracker.setConsent("denied");
  assert.deepEqual(page.kept, []);
  beside.happens("storage", { key: VISITOR, newValue: null });
  other.track("x");
  beside.happens("pagehide");
  await page.pass(SECOND);
  assert.deepEqual([other.consent, page.kept, page.sent, beside.sent], ["denied", [], [], []]);
});

test("Somebody who said no and then yes is somebody new, from this page on.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  const before = tracker.visitorId;
  await page.pass(SECOND);
  tracker.setConsent("denied");
  tracker.track("unseen");
  tracker.setConsent("granted");
  await page.pass(SECOND);
  assert.notEqual(tracker.visitorId, before);
  assert.deepEqual(page.told, ["page / Home", "page / Home"]);
});

test("Somebody who is asked anew is nobody until they answer.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  const before = tracker.visitorId;
  await page.pass(SECOND);
  tracker.setConsent("ask");
  tracker.track("waits");
  await page.pass(SECOND);
  page.happens("pagehide");
  assert.deepEqual([page.told, page.kept], [["page / Home"], []]);
  assert.equal(tracker.visitorId, null);
  tracker.setConsent("granted");
  await page.pass(SECOND);
  assert.notEqual(tracker.visitorId, before);
  assert.deepEqual(page.told, ["page / Home", "page / Home", "event waits", "time 1000"]);
  const whose = page.sent.map(({ batch }) => batch.visitor);
  assert.deepEqual(whose, [before, tracker.visitorId]);
});

test("A denial that the page names wins over what the browser remembers.", () => {
  const page = new FakePage();
  page.tracker();
  assert.deepEqual(page.kept, [VISITOR]);
  const tracker = new FakePage(page.browser).tracker({ consent: "denied" });
  assert.deepEqual([tracker.consent, page.kept], ["denied", []]);
});

test("A browser that asks not to be tracked is not, whatever anybody says.", async () => {
  const page = new FakePage();
  page.tracker();
  const objecting = new FakePage(page.browser);
  objecting.asksNot = true;
  const tracker = objecting.tracker();
  tracker.setConsent("granted");
  tracker.track("x");
  await objecting.pass(SECOND);
  objecting.happens("pagehide");
  assert.deepEqual([tracker.consent, tracker.visitorId], ["denied", null]);
  assert.deepEqual([objecting.sent, objecting.kept], [[], []]);
});

test("Unless the site says that it does not matter.", async () => {
  const page = new FakePage();
  page.asksNot = true;
  page.tracker({ consent: "granted", respectDoNotTrack: false });
  await page.pass(SECOND);
  assert.deepEqual(page.told, ["page / Home"]);
});

test("Who logs out is somebody new, and what they did stays theirs.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  const before = tracker.visitorId;
  tracker.track("paid");
  tracker.reset();
  await page.pass(SECOND);
  assert.notEqual(tracker.visitorId, before);
  assert.deepEqual(
    page.sent.map(({ how, batch }) => [how, batch.visitor === before, batch.events.length]),
    [
      ["beacon", true, 2],
      ["post", false, 1],
    ],
  );
  assert.equal(new FakePage(page.browser).tracker({}).visitorId, tracker.visitorId);
});

test("Who logs out before they answered leaves nothing that waits.", async () => {
  const page = new FakePage();
  const tracker = page.tracker({});
  tracker.identify("u1");
  tracker.reset();
  tracker.setConsent("granted");
  await page.pass(SECOND);
  assert.deepEqual(page.told, ["page / Home"]);
});

test("A tab learns that another one logged out.", () => {
  const browser = new FakeBrowser();
  const [page, beside] = [new FakePage(browser), new FakePage(browser)];
  const [tracker, other] = [page.tracker(), beside.tracker()];
  tracker.reset();
  beside.happens("storage", { key: "something else" });
  assert.notEqual(other.visitorId, tracker.visitorId);
  beside.happens("storage", { key: VISITOR, newValue: "…" });
  assert.equal(other.visitorId, tracker.visitorId);
});

test("Storage that throws, or holds nonsense, is no memory and no fault.", async () => {
  for (const nonsense of ["{", "17", "null", '{"visitor":"vis_1"}', '{"visitor":1,"visit":2,"at":3}']) {
    const page = new FakePage();
    page.browser.storage.kept.set(VISITOR, nonsense);
    page.browser.storage.kept.set(UNSENT, nonsense);
    assert.equal(page.tracker({}).consent, "ask");
    page.tracker();
    await page.pass(SECOND);
    assert.deepEqual([page.told, page.complaints], [["page / Home"], []]);
  }
  const page = new FakePage();
  page.browser.storage.broken = true;
  const tracker = page.tracker();
  await page.pass(SECOND);
  assert.deepEqual([page.told, page.complaints], [["page / Home"], []]);
  assert.match(String(tracker.visitorId), /^vis_/);
});
