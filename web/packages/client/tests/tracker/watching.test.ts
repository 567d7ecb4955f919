/** What the tracker notices of a page, and how it says so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "../../src/index.js";
import { LiveLayerTracker, Tracker } from "../../src/tracker/index.js";
import type { TrackerOptions } from "../../src/tracker/types.js";
import { FakeBrowser, FakePage } from "./page.js";

const SECOND = 1000;

test("A page is told soon, without what stands behind its address.", async () => {
  const page = new FakePage();
  page.location = new URL("https://shop.example/rooms?mail=a@b.example#top") as unknown as Location;
  page.tracker({ consent: "granted", apiKey: "dk_public_x", agentId: "desk" });
  assert.equal(page.sent.length, 0);
  await page.pass(SECOND);
  const [first] = page.sent;
  assert.equal(first?.url, "https://talk.example/api/visits");
  assert.deepEqual([first?.batch.key, first?.batch.agent], ["dk_public_x", "desk"]);
  const event = first?.batch.events[0];
  assert.ok(event?.type === "page");
  assert.deepEqual(
    [event.url, event.path, event.title, event.referrer],
    ["https://shop.example/rooms", "/rooms", "Home", "https://search.example/"],
  );
});

test("Ids are UUIDs of version 7 behind their prefix, and no two are the same.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  for (let n = 0; n < 40; n++) tracker.track("x");
  await page.pass(SECOND);
  const { visitor, visit } = page.sent[0]!.batch;
  const ids = [visitor, visit, ...page.events.map((one) => one.id)];
  assert.equal(new Set(ids).size, 43);
  for (const id of ids) assert.match(id, /^(vis|vst|evt)_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  assert.equal(visitor, tracker.visitorId);
});

test("A page that becomes another one is told by the title that comes later.", async () => {
  const page = new FakePage();
  page.tracker();
  await page.pass(SECOND);
  page.goes("/rooms", "Rooms");
  page.goes("/rooms?sort=price"); // the same page
  await page.pass(SECOND);
  page.location = new URL("https://shop.example/") as unknown as Location;
  page.happens("popstate");
  page.heading = "Home again";
  await page.pass(SECOND);
  assert.deepEqual(page.told.filter((one) => one.startsWith("page")), [
    "page / Home",
    "page /rooms Rooms",
    "page / Home again",
  ]);
  const rooms = page.events.find((one) => one.type === "page" && one.path === "/rooms");
  assert.ok(rooms?.type === "page");
  assert.equal(rooms.referrer, "https://shop.example/");
});

test("A site that routes by fragments says what its addresses are.", async () => {
  const page = new FakePage();
  const address = ({ origin, pathname, hash }: Location) => origin + pathname + hash;
  page.tracker({ consent: "granted", address });
  page.location = new URL("https://shop.example/#/rooms") as unknown as Location;
  page.happens("hashchange");
  await page.pass(SECOND);
  assert.deepEqual(page.told.filter((one) => one.startsWith("page")), ["page / Home", "page /#/rooms Home"]);
});

test("Only the time before the visitor's eyes counts, all in all.", async () => {
  const page = new FakePage();
  page.tracker();
  await page.pass(3 * SECOND);
  page.shows(false);
  await page.pass(60 * SECOND);
  page.shows(true);
  await page.pass(2 * SECOND);
  page.happens("pagehide");
  page.happens("pagehide");
  const times = page.events.filter((one) => one.type === "time");
  const seen = page.events.find((one) => one.type === "page");
  assert.deepEqual(times.map((one) => [one.page, one.visible_ms]), [
    [seen?.id, 3 * SECOND],
    [seen?.id, 5 * SECOND],
  ]);
});

test("A page that was never seen has no time, and each page its own.", async () => {
  const page = new FakePage();
  page.isVisible = false;
  page.tracker();
  await page.pass(9 * SECOND);
  page.goes("/next");
  page.shows(true);
  await page.pass(SECOND);
  page.goes("/last");
  page.happens("pagehide");
  assert.deepEqual(page.told.filter((one) => one.startsWith("time")), ["time 1000"]);
});

test("A page that comes back from the browser's memory was seen again.", async () => {
  const page = new FakePage();
  page.tracker();
  page.happens("pagehide");
  page.happens("pageshow", { persisted: false });
  page.happens("pageshow", { persisted: true });
  await page.pass(SECOND);
  assert.deepEqual(page.told.filter((one) => one.startsWith("page")), ["page / Home", "page / Home"]);
});

test("A page that was loaded in advance is told when it is shown.", async () => {
  const page = new FakePage();
  page.prerendered = [];
  page.tracker();
  await page.pass(9 * SECOND);
  assert.equal(page.sent.length, 0);
  for (const show of page.prerendered) show();
  await page.pass(SECOND);
  assert.deepEqual(page.told, ["page / Home"]);
});

test("Clicks on marked elements have the name of the mark, and other clicks are nobody's matter.", async () => {
  const page = new FakePage();
  page.tracker();
  page.clicks({ duologueTrack: "book" });
  page.clicks({ llTrack: "menu" });
  page.clicks({ duologueTrack: "" }, { id: "cta" });
  page.clicks({ duologueTrack: "" }, { textContent: "  Book now " });
  page.clicks({});
  page.happens("click", { composedPath: () => [] });
  await page.pass(SECOND);
  assert.deepEqual(page.told.slice(1), ["click book", "click menu", "click cta", "click Book now"]);
  const click = page.events[1];
  assert.ok(click?.type === "click");
  assert.equal(click.page, page.events[0]?.id);
  assert.deepEqual(page.complaints, []);
});

test("Events and traits are flat, short, and what the server takes.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`n${n}`, n]));
  tracker.track("search", { text: "sea", yes: true, no: null, gone: undefined, deep: { a: [1] }, "": 1 });
  tracker.track("odd", { nan: Number.NaN, huge: 1e300, long: `${"x".repeat(499)}👋`, bad: "\ud800\u0000" });
  tracker.track("many", many);
  tracker.identify("u1", { plan: "gold" });
  await page.pass(SECOND);
  const [, search, odd, lots, who] = page.events;
  assert.ok(search?.type === "event" && odd?.type === "event" && lots?.type === "event");
  assert.deepEqual(search.properties, { text: "sea", yes: true, no: null, deep: '{"a":[1]}' });
  assert.deepEqual(odd.properties, { nan: "NaN", huge: "1e+300", long: "x".repeat(499), bad: "  " });
  assert.equal(Object.keys(lots.properties).length, 32);
  assert.ok(who?.type === "identify");
  assert.deepEqual([who.user_id, who.traits], ["u1", { plan: "gold" }]);
});

test("Half an hour without a sign ends a visit.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  await page.pass(SECOND);
  await page.pass(29 * 60 * SECOND);
  tracker.track("still here");
  await page.pass(SECOND);
  await page.pass(31 * 60 * SECOND);
  tracker.track("back");
  await page.pass(SECOND);
  const visits = page.sent.map(({ batch }) => batch.visit);
  assert.equal(new Set(visits.slice(0, 2)).size, 1);
  assert.notEqual(visits[2], visits[0]);
  assert.equal(new Set(page.sent.map(({ batch }) => batch.visitor)).size, 1);
});

test("Nothing of it ever throws into the page.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  tracker.track("", {});
  tracker.track("circle", circle);
  tracker.identify(undefined as unknown as string);
  tracker.setConsent("maybe" as "granted");
  page.happens("click", {});
  assert.equal(page.complaints.length, 5);
  await page.pass(SECOND);
  assert.deepEqual(page.told, ["page / Home"]);
});

test("A wrong option is named, and the tracker does nothing.", async () => {
  const wrong: [unknown, RegExp][] = [
    [{ agent: "desk" }, /no option agent; there are agentId, apiKey/],
    [{ consent: "yes" }, /consent must be granted,denied,ask/],
    [{ address: "x" }, /address must be function/],
    [{ baseUrl: "talk" }, /baseUrl is no address/],
  ];
  for (const [options, words] of wrong) {
    const page = new FakePage();
    const tracker = page.tracker(options as TrackerOptions);
    tracker.track("x");
    tracker.stop();
    await page.pass(SECOND);
    assert.match(page.complaints.join(), words);
    assert.deepEqual([page.sent, page.waiting, tracker.visitorId], [[], 0, null]);
  }
});

test("Starting twice is starting once, and stopping lets go of everything.", async () => {
  const page = new FakePage();
  const tracker = page.tracker();
  const listening = page.waiting;
  tracker.start();
  assert.equal(page.waiting, listening);
  await page.pass(2 * SECOND);
  tracker.stop();
  tracker.stop();
  assert.equal(page.waiting, 0);
  assert.deepEqual(page.told, ["page / Home", "time 2000"]);
  tracker.track("late");
  assert.equal(tracker.visitorId, null);
  tracker.start();
  await page.pass(SECOND);
  assert.deepEqual(page.told, ["page / Home", "time 2000", "page / Home"]);
  assert.equal(new Set(page.sent.map(({ batch }) => batch.visitor)).size, 1);
});

test("On a server there is nobody to track.", () => {
  assert.equal(Tracker, LiveLayerTracker);
  assert.equal(client.LiveLayerTracker, LiveLayerTracker);
  const tracker = new Tracker();
  tracker.start();
  tracker.track("x");
  tracker.identify("u1");
  tracker.page();
  tracker.setConsent("granted");
  tracker.reset();
  tracker.stop();
  assert.deepEqual([tracker.visitorId, tracker.consent], [null, "denied"]);
});

test("Two pages of one browser have one visitor and one visit.", async () => {
  const browser = new FakeBrowser();
  const pages = [new FakePage(browser), new FakePage(browser)];
  for (const page of pages) {
    page.tracker();
    await page.pass(SECOND);
  }
  const whose = pages.map(({ sent }) => `${sent[0]?.batch.visitor} ${sent[0]?.batch.visit}`);
  assert.equal(whose[0], whose[1]);
});
