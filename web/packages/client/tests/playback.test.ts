/** The agent's turns as they are heard. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Playback } from "../src/playback.js";
import type { ClientMessage } from "../src/wire.js";
import { FakeAudio } from "./fakes.js";

class Stage {
  readonly sent: string[] = [];
  readonly cut: string[] = [];
  readonly wrote: string[] = [];
  line = true;
  readonly playback = new Playback({
    send: (message) => this.note(message),
    wrote: (turn) => this.wrote.push(turn),
    cut: (turn) => this.cut.push(turn),
  });
  readonly audio: FakeAudio;

  constructor(mute = false) {
    const hooks = {
      microphone: () => {},
      played: this.playback.played.bind(this.playback),
      micState: () => {},
      soundState: () => {},
      devices: () => {},
      replaced: () => {},
      element: () => {},
      failed: () => {},
    };
    const options = { workletUrl: "", inputRate: 1, outputRate: 1, frameMs: 1, bargeIn: true };
    this.audio = new FakeAudio(options, hooks, { soundTrouble: null, soundOpens: null });
    this.playback.audio = mute ? null : this.audio;
    this.playback.tells = true;
  }

  /** A turn of so many samples, all of which came unless more is to follow. */
  turn(id: string, samples: number, whole = true): void {
    this.playback.begin(id);
    if (samples > 0) this.playback.sound(new Int16Array(samples), null);
    if (whole) this.playback.sent(id);
  }

  private note(message: ClientMessage): boolean {
    if (!this.line) return false;
    if (message.type === "client.played") this.sent.push(`${message.turn_id} at ${message.played_ms}`);
    if (message.type === "trigger.response.audio.replay_finished") {
      this.sent.push(`${message.turn_id} ${message.reason} at ${message.played_ms}`);
    }
    return true;
  }
}

test("A turn's position is told while it sounds, and once that it was heard.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600);
  stage.audio.heard(50, "tick");
  stage.audio.heard(100, "dry");
  stage.playback.ended("a1", false);
  assert.deepEqual(stage.audio.did, ["begin", "play 1600", "end"]);
  assert.deepEqual(stage.sent, ["a1 at 50", "a1 at 100", "a1 completed at 100"]);
  assert.deepEqual(stage.cut, []);
});

test("A cut turn falls silent at once, and none of it sounds again.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600, false);
  stage.audio.playedMs = 40;
  stage.playback.cut();
  stage.playback.sound(new Int16Array(320), null);
  stage.playback.sound(new Int16Array(320), "a1");
  stage.playback.sent("a1");
  stage.playback.cut();
  assert.deepEqual(stage.audio.did, ["begin", "play 1600", "drop"]);
  assert.deepEqual(stage.sent, ["a1 at 40", "a1 interrupted at 40"]);
  assert.deepEqual(stage.cut, ["a1"]);
});

test("What the loudspeaker adds to a cut turn afterwards corrects its position.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600);
  stage.audio.playedMs = 40;
  stage.playback.cut();
  stage.audio.heard(45, "stopped");
  stage.audio.heard(90, "tick");
  assert.deepEqual(stage.sent, ["a1 at 40", "a1 interrupted at 40", "a1 at 45"]);
});

test("A turn that was cut before it sounded stays silent.", () => {
  const stage = new Stage();
  stage.playback.begin("a1");
  stage.playback.cut();
  stage.playback.sound(new Int16Array(320), null);
  assert.deepEqual(stage.audio.did, []);
  assert.deepEqual(stage.cut, ["a1"]);
});

test("A turn that goes on under another id sounds.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600, false);
  stage.playback.cut();
  stage.playback.sent("a1");
  stage.turn("a2", 800);
  assert.deepEqual(stage.audio.did, ["begin", "play 1600", "drop", "begin", "play 800", "end"]);
});

test("A turn of words alone, amid one that speaks, leaves it speaking.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600, false);
  stage.turn("chat", 0);
  stage.playback.ended("chat", false);
  stage.playback.sound(new Int16Array(320), null);
  assert.deepEqual(stage.audio.did, ["begin", "play 1600", "play 320"]);
  assert.deepEqual(stage.sent, ["chat at 0", "chat completed at 0"]);
  stage.audio.heard(10, "tick");
  assert.equal(stage.sent.at(-1), "a1 at 10");
});

test("A turn that begins to sound takes the place of one that still does.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600);
  stage.turn("a2", 800);
  assert.deepEqual(stage.cut, ["a1"]);
  assert.deepEqual(stage.audio.did, ["begin", "play 1600", "end", "drop", "begin", "play 800", "end"]);
});

test("Sound that names no turn belongs to the one that was started last.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600, false);
  stage.turn("a2", 800, false);
  assert.deepEqual(stage.cut, ["a1"]);
});

test("Sound that names its turn goes to it, and to nobody if the turn is closed.", () => {
  const stage = new Stage();
  stage.playback.begin("a1");
  stage.playback.sound(new Int16Array(320), "a9");
  stage.playback.sound(new Int16Array(320), "a1");
  assert.deepEqual(stage.audio.did, ["begin", "play 320"]);
});

test("The server's end of a turn that sounds on is a cut; of one that is blocked it is none.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600);
  stage.playback.ended("a1", true);
  assert.deepEqual(stage.cut, []);
  stage.playback.ended("a1", false);
  assert.deepEqual(stage.cut, ["a1"]);
});

test("A turn that the line's break cut short is told on the next line, once.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600, false);
  stage.line = false;
  stage.audio.heard(60, "tick");
  stage.playback.broke();
  stage.audio.heard(63, "stopped");
  stage.line = true;
  stage.playback.reopened();
  stage.playback.reopened();
  assert.deepEqual(stage.sent, ["a1 at 63"]);
  assert.equal(stage.audio.did.at(-1), "drop");
  assert.deepEqual(stage.cut, []);
});

test("A turn that was heard to its end while the line was broken is told too.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600);
  stage.line = false;
  stage.audio.heard(100, "dry");
  stage.playback.broke();
  stage.line = true;
  stage.playback.reopened();
  assert.deepEqual(stage.sent, ["a1 at 100"]);
});

test("A turn whose end the server knows is not told again.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600);
  stage.audio.heard(100, "dry");
  stage.sent.length = 0;
  stage.playback.broke();
  stage.playback.reopened();
  assert.deepEqual(stage.sent, []);
});

test("Without a loudspeaker a turn counts as heard when all of it came.", () => {
  const stage = new Stage(true);
  stage.turn("a1", 1600);
  assert.deepEqual(stage.sent, ["a1 at 100", "a1 completed at 100"]);
});

test("Without a loudspeaker a turn that goes on is told as it is read, lest the server stop for us.", () => {
  const stage = new Stage(true);
  stage.turn("a1", 1600, false);
  stage.playback.sound(new Int16Array(1600), null);
  stage.playback.sound(new Int16Array(1600), null);
  assert.deepEqual(stage.sent, ["a1 at 200"]);
  stage.playback.cut();
  assert.equal(stage.sent.at(-1), "a1 interrupted at 200");
});

test("When sound breaks down, a turn that came wholly counts as heard, and one that goes on is read.", () => {
  const stage = new Stage();
  stage.turn("a1", 1600);
  stage.audio.heard(50, "tick");
  stage.playback.deafen();
  stage.turn("a2", 1600, false);
  stage.playback.deafen();
  stage.playback.sent("a2");
  assert.deepEqual(stage.sent, [
    "a1 at 50",
    "a1 at 100",
    "a1 completed at 100",
    "a2 at 100",
    "a2 completed at 100",
  ]);
  assert.deepEqual([stage.cut, stage.audio.did], [[], ["begin", "play 1600", "end"]]);
});

test("A server that asked for no positions gets none, but the end of each turn.", () => {
  const stage = new Stage();
  stage.playback.tells = false;
  stage.turn("a1", 1600);
  stage.audio.heard(50, "tick");
  stage.audio.heard(100, "dry");
  assert.deepEqual(stage.sent, ["a1 completed at 100"]);
});

test("A turn without sound was written only; one that sounds, or that was cut before it could, was not.", () => {
  const stage = new Stage();
  stage.turn("spoken", 1600);
  stage.turn("written", 0);
  stage.turn("cut", 0, false);
  stage.playback.cut();
  stage.playback.sent("cut");
  assert.deepEqual(stage.wrote, ["written"]);
});
