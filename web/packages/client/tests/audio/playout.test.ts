import assert from "node:assert/strict";
import { test } from "node:test";
import { Playout } from "../../src/audio/playout.js";
import type { PlayedReason } from "../../src/audio/seam.js";
import { pcm, purity, rms, sine, steepest } from "./sounds.js";

const SOURCE = 16000;
const OUT = 48000;
const BLOCK = 128;

class Room {
  readonly told: [PlayedReason, number][] = [];
  readonly playout: Playout;

  constructor(out = OUT) {
    this.playout = new Playout(SOURCE, out, (samples, why) => this.told.push([why, samples]));
  }

  /** What is heard in the next so many ms. */
  listen(ms: number, out = OUT): Float32Array {
    const blocks = Math.ceil((ms * out) / 1000 / BLOCK);
    const heard = new Float32Array(blocks * BLOCK);
    for (let i = 0; i < blocks; i++) this.playout.render(heard.subarray(i * BLOCK, (i + 1) * BLOCK));
    return heard;
  }

  why(): PlayedReason[] {
    return this.told.map(([why]) => why);
  }

  /** The last position that was told for a reason. */
  at(why: PlayedReason): number {
    const last = this.told.findLast(([one]) => one === why);
    assert.ok(last, `${why} was told`);
    return last[1];
  }
}

const second = pcm(sine(400, SOURCE, 1));

for (const out of [48000, 44100, 16000]) {
  test(`A whole turn is heard at ${out} Hz, counted to the sample, and runs dry once.`, () => {
    const room = new Room(out);
    room.playout.begin();
    room.playout.play(second);
    room.playout.endTurn();
    const heard = room.listen(1100, out);
    assert.ok(purity(heard.subarray(200, Math.floor(0.9 * out)), 400, out) > 60);
    assert.equal(room.at("dry"), SOURCE);
    assert.deepEqual(room.why().filter((why) => why !== "tick"), ["dry"]);
    const ticks = room.told.filter(([why]) => why === "tick").map(([, samples]) => samples);
    assert.ok(ticks.length === 9 || ticks.length === 10, "every 100 ms");
    assert.ok(ticks.every((samples, i) => Math.abs(samples - (i + 1) * 1600) <= BLOCK), String(ticks));
    assert.equal(rms(room.listen(100, out)), 0);
    assert.equal(room.playout.sounding, false);
  });
}

test("It sounds with the first block that follows the first sound.", () => {
  const room = new Room();
  room.playout.begin();
  assert.equal(rms(room.listen(50)), 0);
  room.playout.play(second.subarray(0, 640));
  assert.ok(rms(room.listen(20)) > 0.2);
  assert.ok(room.playout.sounding);
});

test("Chunks of any length sound like one.", () => {
  const whole = new Room();
  const pieces = new Room();
  for (const { playout } of [whole, pieces]) playout.begin();
  whole.playout.play(second);
  for (let at = 0; at < second.length; at += 333) pieces.playout.play(second.subarray(at, at + 333));
  assert.deepEqual(pieces.listen(900), whole.listen(900));
});

test("A drop is silence within 5 ms, without a click, and its position is final.", () => {
  const room = new Room();
  room.playout.begin();
  room.playout.play(second);
  const before = room.listen(300);
  room.playout.drop();
  const after = room.listen(200);
  const played = (before.length + 240) / 3;
  assert.ok(Math.abs(room.at("stopped") - played) <= 1, `${room.at("stopped")} of ${played}`);
  assert.equal(rms(after.subarray(240)), 0);
  assert.ok(steepest(Float32Array.of(...before, ...after)) <= steepest(before) * 1.1);
  assert.deepEqual(room.why().at(-1), "stopped");
  room.playout.drop();
  assert.equal(room.why().filter((why) => why === "stopped").length, 1, "once");
});

test("A pause keeps the place: all is heard, in order, and none twice.", () => {
  const room = new Room();
  room.playout.begin();
  room.playout.play(second);
  room.playout.endTurn();
  room.listen(300);
  room.playout.pause();
  room.playout.pause();
  const paused = room.at("paused");
  const silence = room.listen(400);
  assert.equal(rms(silence.subarray(240)), 0);
  assert.ok(room.why().filter((why) => why === "tick").length >= 6, "ticks go on");
  assert.equal(room.playout.sounding, false);
  room.playout.resume();
  assert.equal(room.at("resumed"), paused);
  const rest = room.listen(800);
  const sounding = rest.findLastIndex((one) => Math.abs(one) > 0.01);
  assert.ok(Math.abs(sounding / 3 - (SOURCE - paused)) < 20, "the rest is as long as what was left");
  assert.equal(room.at("dry"), SOURCE);
  assert.ok(steepest(rest) < 0.035, "it fades in");
});

test("What was dropped never sounds in the turn that follows at once.", () => {
  const room = new Room();
  room.playout.begin();
  room.playout.play(second);
  room.listen(100);
  room.playout.drop();
  room.playout.play(second); // late sound of the turn that was dropped
  room.playout.begin();
  room.playout.play(new Int16Array(3200));
  room.playout.endTurn();
  const heard = room.listen(300);
  assert.equal(rms(heard.subarray(240)), 0);
  assert.equal(room.at("dry"), 3200);
});

test("A turn that begins while another sounds takes its place.", () => {
  const room = new Room();
  room.playout.begin();
  room.playout.play(second);
  room.listen(100);
  room.playout.begin();
  assert.equal(room.why().at(-1), "stopped");
  room.playout.play(second.subarray(0, 1600));
  room.playout.endTurn();
  room.listen(200);
  assert.equal(room.at("dry"), 1600);
});

test("A paused turn that is dropped says where it was, and the next one is not paused.", () => {
  const room = new Room();
  room.playout.begin();
  room.playout.play(second);
  room.listen(100);
  room.playout.pause();
  room.playout.drop();
  assert.equal(room.at("stopped"), room.at("paused"));
  room.playout.begin();
  room.playout.play(second);
  assert.ok(rms(room.listen(50)) > 0.2);
});

test("After a gap it waits for a reserve of 60 ms, then 120, then 200.", () => {
  const room = new Room();
  room.playout.begin();
  room.playout.play(second.subarray(0, 1600));
  const first = room.listen(200);
  assert.ok(steepest(first) < 0.035, "the gap begins with a fade");
  for (const reserve of [60, 120, 200, 200]) {
    room.playout.play(second.subarray(0, (reserve - 5) * 16)); // with the few ms that were kept back: not enough
    assert.equal(rms(room.listen(20)), 0, `${reserve} ms are not there yet`);
    room.playout.play(second.subarray(0, 16 * 16));
    assert.ok(rms(room.listen(reserve)) > 0.1);
    assert.equal(rms(room.listen(100).subarray(-480)), 0, "and it is used up again");
  }
});

test("The reserve shrinks while all is well.", () => {
  const room = new Room();
  room.playout.begin();
  for (let gap = 0; gap < 3; gap++) {
    room.playout.play(second.subarray(0, 4800));
    room.listen(400);
  }
  for (let i = 0; i < 40; i++) {
    room.playout.play(second);
    room.listen(990);
  }
  room.listen(400);
  room.playout.play(second.subarray(0, 16 * 75));
  assert.ok(rms(room.listen(20)) > 0.1, "60 ms are enough again");
});

test("The end of a turn does not wait for a reserve.", () => {
  const room = new Room();
  room.playout.begin();
  room.playout.play(second.subarray(0, 1600));
  room.listen(200);
  room.playout.play(second.subarray(0, 160));
  room.playout.endTurn();
  room.listen(50);
  assert.equal(room.at("dry"), 1760);
});

test("A turn without sound is dry at once, at 0.", () => {
  const room = new Room();
  room.playout.begin();
  room.playout.endTurn();
  room.listen(10);
  assert.deepEqual(room.told, [["dry", 0]]);
});

test("A minute that comes at once is kept, and heard from its beginning.", () => {
  const room = new Room();
  room.playout.begin();
  for (let i = 0; i < 60; i++) room.playout.play(second);
  room.playout.endTurn();
  const heard = room.listen(60_100);
  assert.equal(room.at("dry"), 60 * SOURCE);
  assert.ok(purity(heard.subarray(0, 30 * OUT), 400, OUT) > 60, "no sample is lost at the borders");
});
