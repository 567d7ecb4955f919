import assert from "node:assert/strict";
import { test } from "node:test";

import { clock, followed, latest, mostZoom, place, ticks, time, zoomed } from "../src/conversation/scale.js";

const MINUTE = { since: 5000, until: 65_000, width: 1200 };

test("times and places lead to each other, to the pixel", () => {
  assert.equal(place(MINUTE, 5000), 0);
  assert.equal(place(MINUTE, 65_000), 1200);
  assert.equal(place(MINUTE, 35_000), 600);
  for (let x = 0; x <= 1200; x += 7) assert.ok(Math.abs(place(MINUTE, time(MINUTE, x)) - x) < 1e-9);
});

test("a place beside the timeline is its nearest end", () => {
  assert.equal(time(MINUTE, -40), 5000);
  assert.equal(time(MINUTE, 9999), 65_000);
});

test("what is pointed at stays where it is when the timeline grows or shrinks", () => {
  const view = 1000;
  let lens = { zoom: 1, left: 0 };
  for (const [factor, about] of [
    [2, 300],
    [1.7, 300],
    [3, 300],
    [0.8, 300],
  ] as const) {
    const before = (lens.left + about) / (view * lens.zoom);
    lens = zoomed(lens, factor, about, view, 100);
    assert.ok(Math.abs((lens.left + about) / (view * lens.zoom) - before) < 1e-9);
  }
});

test("nobody zooms out of the whole, or further in than there is to see", () => {
  assert.deepEqual(zoomed({ zoom: 2, left: 900 }, 0.1, 500, 1000, 50), { zoom: 1, left: 0 });
  assert.deepEqual(zoomed({ zoom: 8, left: 10 }, 0, 0, 1000, 50), { zoom: 1, left: 0 });
  assert.equal(zoomed({ zoom: 40, left: 0 }, 10, 0, 1000, 50).zoom, 50);
  assert.equal(zoomed({ zoom: 2, left: 0 }, 1, -500, 1000, 50).left, 0);
  assert.equal(mostZoom(100), 1);
  assert.equal(mostZoom(20_000), 100);
  assert.equal(mostZoom(1e9), 400);
});

test("the view turns a page when the playhead runs out of it, and never for who looks elsewhere", () => {
  assert.equal(followed(0, 1000, 999, 1001), 901);
  assert.equal(followed(0, 1000, 500, 501), 0);
  assert.equal(followed(5000, 1000, 999, 1001), 5000);
  assert.equal(followed(0, 1000, 1500, 1501), 0);
});

test("ticks are round, few, and named as exactly as they stand apart", () => {
  const names = (since: number, until: number): string[] => ticks(since, until, 6).map(({ name }) => name);
  assert.deepEqual(names(61_000, 70_000), ["1:02", "1:04", "1:06", "1:08", "1:10"]);
  assert.deepEqual(names(0, 1000), ["0:00.0", "0:00.2", "0:00.4", "0:00.6", "0:00.8", "0:01.0"]);
  assert.deepEqual(names(59_950, 60_050), ["0:59.96", "0:59.98", "1:00.00", "1:00.02", "1:00.04"]);
  for (const long of [300, 58_000, 4_000_000, 1e9]) {
    const found = ticks(0, long, 6);
    assert.ok(found.length > 1 && found.length <= 13, `${found.length} of ${long}`);
  }
});

test("a time is written as a watch shows it", () => {
  assert.equal(clock(0), "0:00");
  assert.equal(clock(61_900), "1:01");
  assert.equal(clock(3_661_000), "1:01:01");
  assert.equal(clock(12_345, 100), "0:12.3");
  assert.equal(clock(300, 100), "0:00.3");
  assert.equal(clock(-5), "0:00");
});

test("the turn that is heard is the last that began", () => {
  const beginnings = [0, 1000, 1000, 4000];
  assert.equal(latest(beginnings, -1), -1);
  assert.equal(latest(beginnings, 0), 0);
  assert.equal(latest(beginnings, 999.9), 0);
  assert.equal(latest(beginnings, 1000), 2);
  assert.equal(latest(beginnings, 1e9), 3);
  assert.equal(latest([], 5), -1);
});
