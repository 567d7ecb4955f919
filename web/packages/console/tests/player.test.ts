import assert from "node:assert/strict";
import { test } from "node:test";

import { Player } from "../src/conversation/player.js";

/** As much of an audio element as the player needs, with a hand on its clock. */
class Sound extends EventTarget {
  controls = true;
  paused = true;
  ended = false;
  seeking = false;
  readyState = 4;
  playbackRate = 1;
  currentTime = 0;
  refuses: Error | null = null;
  readonly dataset: Record<string, string>;

  constructor(
    from: number,
    readonly duration: number,
  ) {
    super();
    this.dataset = { from: String(from), long: "0" };
  }

  async play(): Promise<void> {
    if (this.refuses !== null) throw this.refuses;
    this.paused = false;
    this.ended = false;
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
  }

  /** It plays to its end. */
  end(): void {
    this.currentTime = this.duration;
    this.paused = this.ended = true;
    this.dispatchEvent(new Event("pause"));
    this.dispatchEvent(new Event("ended"));
  }
}

function heard(...sounds: Sound[]): { player: Player; told: () => number } {
  const player = new Player(sounds as unknown as HTMLAudioElement[], 0);
  let count = 0;
  player.follow(() => (count += 1));
  return { player, told: () => count };
}

test("seeking leads the sound to the time, and to no other", () => {
  const sound = new Sound(500, 10);
  const { player, told } = heard(sound);
  assert.equal(sound.controls, false);
  player.seek(4500);
  assert.equal(sound.currentTime, 4);
  assert.equal(player.at, 4500);
  assert.equal(sound.paused, true);
  assert.equal(told(), 1);
});

test("while it plays, the time is that of the sound", async () => {
  const sound = new Sound(500, 10);
  const { player } = heard(sound);
  player.seek(2500);
  player.toggle();
  await Promise.resolve();
  sound.currentTime = 3.25;
  assert.equal(player.at, 3750);
  player.toggle();
  assert.deepEqual([player.playing, sound.paused, player.at], [false, true, 3750]);
});

test("what pauses it from outside is seen", async () => {
  const sound = new Sound(0, 10);
  const { player } = heard(sound);
  player.toggle();
  await Promise.resolve();
  sound.pause();
  assert.equal(player.playing, false);
});

test("one recording follows the other, over the silence between them", async () => {
  const [first, second] = [new Sound(0, 2), new Sound(10_000, 3)];
  const { player } = heard(first, second);
  player.toggle();
  await Promise.resolve();
  first.end();
  await Promise.resolve();
  assert.deepEqual([player.playing, second.paused, player.at], [true, false, 10_000]);
  second.end();
  assert.deepEqual([player.playing, player.at], [false, 13_000]);
});

test("a seek while it plays goes on there; the other recording falls silent", async () => {
  const [first, second] = [new Sound(0, 2), new Sound(10_000, 3)];
  const { player } = heard(first, second);
  player.toggle();
  await Promise.resolve();
  player.seek(11_000);
  await Promise.resolve();
  assert.deepEqual([first.paused, second.paused, second.currentTime, player.playing], [true, false, 1, true]);
  player.seek(99_000);
  assert.deepEqual([second.paused, player.playing, player.at], [true, false, 99_000]);
});

test("behind the end it begins anew; before the beginning it waits for none", async () => {
  const sound = new Sound(500, 10);
  const { player } = heard(sound);
  player.seek(50_000);
  player.toggle();
  await Promise.resolve();
  assert.deepEqual([player.playing, player.at], [true, 500]);
  player.seek(0);
  assert.equal(sound.currentTime, 0);
  assert.equal(player.playing, true);
});

test("a sound that cannot be played is told of, and tried again when asked", async () => {
  const sound = new Sound(0, 10);
  sound.refuses = new DOMException("no", "NotSupportedError");
  const { player } = heard(sound);
  player.toggle();
  await new Promise((done) => setTimeout(done, 0));
  assert.deepEqual([player.playing, player.trouble], [false, "This recording cannot be played."]);
  sound.refuses = null;
  player.toggle();
  await Promise.resolve();
  assert.deepEqual([player.playing, player.trouble], [true, ""]);
});

test("a pause before the sound is there is no trouble", async () => {
  const sound = new Sound(0, 10);
  sound.refuses = new DOMException("paused", "AbortError");
  const { player } = heard(sound);
  player.toggle();
  player.toggle();
  await new Promise((done) => setTimeout(done, 0));
  assert.deepEqual([player.playing, player.trouble], [false, ""]);
});

test("where nothing was recorded there is a time all the same", () => {
  const { player } = heard();
  player.seek(1234);
  player.toggle();
  assert.deepEqual([player.silent, player.playing, player.at], [true, false, 1234]);
});

test("all of them play at one speed", () => {
  const [first, second] = [new Sound(0, 2), new Sound(10_000, 3)];
  heard(first, second).player.rate = 1.5;
  assert.deepEqual([first.playbackRate, second.playbackRate], [1.5, 1.5]);
});
