/** How what happened reaches the server: in batches, again if need be, and never for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST, UNSENT } from "../../src/tracker/outbox.js";
import { FakePage } from "./page.js";

const SECOND = 1000;

test("What happens together is sent together.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  tracker.track("a");
  await page.pass(SECOND / 2);
  tracker.track("b");
  await page.pass(SECOND / 2);
  assert.deepEqual(page.sent.map(({ how, batch }) => [how, batch.events.length]), [["post", 3]]);
  assert.equal(page.sent[0]?.batch.sent_at, page.now());
});

test("A page that is hidden hands everything to the browser.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  tracker.track("a");
  await page.pass(200);
  page.shows(false);
  assert.deepEqual(page.sent.map(({ how, batch }) => [how, batch.events.length]), [["beacon", 3]]);
  await page.pass(9 * SECOND);
  assert.equal(page.sent.length, 1);
});

test("Where beacons are refused, a request is sent that outlives the page.", async () => {
  const page = new FakePage();
  page.beacons = false;
  page.tracker();
  page.happens("pagehide");
  assert.ok(page.browser.storage.kept.has(UNSENT));
  await page.pass(0);
  assert.deepEqual(page.sent.map(({ how }) => how), ["post"]);
  assert.ok(!page.browser.storage.kept.has(UNSENT));
});

test("Many or large events go in batches that the server takes.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  for (let n = 0; n < 120; n++) tracker.track(`n${n}`);
  for (let n = 0; n < 12; n++) {
    const values = Object.fromEntries(Array.from({ length: 10 }, (_, m) => [`v${m}`, "\u{1F44B}".repeat(250)]));
    tracker.track(`large${n}`, values);
  }
  await page.pass(60 * SECOND);
  assert.deepEqual(page.events.length, 133);
  for (const { batch } of page.sent) {
    assert.ok(batch.events.length <= 50);
    assert.ok(new TextEncoder().encode(JSON.stringify(batch)).length <= 65_536);
  }
});

test("What no network takes is kept by the browser, and sent when there is one.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  await page.pass(SECOND);
  page.isOnline = false;
  page.happens("offline");
  tracker.track("in a tunnel");
  await page.pass(60 * SECOND);
  page.happens("pagehide");
  assert.equal(page.sent.length, 1);

  const next = new FakePage(page.browser);
  next.isOnline = false;
  next.goes("/next", "Next");
  next.tracker();
  await next.pass(60 * SECOND);
  assert.equal(next.sent.length, 0);
  next.isOnline = true;
  next.happens("online");
  await next.pass(SECOND);
  const told = [...page.told, ...next.told];
  assert.deepEqual(told, ["page / Home", "event in a tunnel", "time 61000", "page /next Next"]);
  assert.equal(next.sent[0]?.batch.visitor, page.sent[0]?.batch.visitor);
  assert.ok(!page.browser.storage.kept.has(UNSENT));
});

test("A server that is away is asked again, less and less often, with the same events.", async () => {
  const page = new FakePage();
  page.answers = [null, 503, 429, 204];
  page.tracker();
  await page.pass(SECOND);
  assert.ok(page.browser.storage.kept.has(UNSENT));
  await page.pass(5 * SECOND);
  await page.pass(10 * SECOND);
  assert.equal(page.sent.length, 2);
  await page.pass(20 * SECOND);
  assert.equal(page.sent.length, 3);
  assert.equal(new Set(page.events.map((one) => one.id)).size, 1);
  assert.ok(!page.browser.storage.kept.has(UNSENT));
  await page.pass(600 * SECOND);
  assert.equal(page.sent.length, 3);
});

test("A server that says when it may be asked again is not asked before.", async () => {
  const page = new FakePage();
  page.answers = [429, 204];
  page.retryAfter = "40";
  page.tracker();
  await page.pass(SECOND);
  await page.pass(39 * SECOND);
  assert.equal(page.sent.length, 1);
  await page.pass(2 * SECOND);
  assert.equal(page.sent.length, 2);
  assert.equal(new Set(page.events.map((one) => one.id)).size, 1);
});

test("What the server refuses is not sent again, and the console says why.", async () => {
  const page = new FakePage();
  page.answers = [400];
  const tracker = page.tracker();
  await page.pass(SECOND);
  assert.match(page.complaints.join(), /refused with 400/);
  tracker.track("next");
  await page.pass(600 * SECOND);
  assert.deepEqual(page.told, ["page / Home", "event next"]);
});

test("What cannot be sent is forgotten, the oldest first, when it becomes too much.", async () => {
  const page = new FakePage();
  page.isOnline = false;
  const tracker = page.tracker();
  for (let n = 0; n < MOST + 10; n++) tracker.track(`n${n}`);
  const kept = JSON.parse(page.browser.storage.kept.get(UNSENT)!) as unknown[];
  assert.equal(kept.length, MOST);
  page.isOnline = true;
  page.happens("online");
  for (let batch = 0; batch < 4; batch++) await page.pass(SECOND);
  assert.deepEqual([page.told.length, page.told[0], page.told.at(-1)], [MOST, "event n10", `event n${MOST + 9}`]);
});

test("Two tabs keep what they could not send beside each other.", async () => {
  const page = new FakePage();
  const beside = new FakePage(page.browser);
  const trackers = [page.tracker(), beside.tracker()];
  await page.pass(SECOND);
  page.isOnline = beside.isOnline = false;
  trackers.forEach((tracker, n) => tracker.track(`tab ${n}`));
  const last = new FakePage(page.browser);
  last.tracker();
  await last.pass(SECOND);
  assert.deepEqual(last.told, ["event tab 0", "event tab 1", "page / Home"]);
});

test("A tracker that is stopped while it sends waits for nothing afterwards.", async () => {
  const page = new FakePage();
  page.answers = [null];
  const tracker = page.tracker();
  page.browser.clock.pass(SECOND);
  tracker.stop();
  await page.pass(0);
  assert.equal(page.waiting, 0);
});
