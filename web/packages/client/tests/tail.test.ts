/** What the server hears after the last word: silence, where no more sound comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MicrophoneState } from "../src/audio/seam.js";
import { answer } from "./fakes.js";
import { Talk } from "./talk.js";

/** The first sample of each frame that went out on the newest line, and how long they are together. */
function heard(talk: Talk): { firsts: (number | undefined)[]; samples: number } {
  const { sounds } = talk.line;
  return {
    firsts: sounds.map((pcm) => pcm[0]),
    samples: sounds.reduce((sum, pcm) => sum + pcm.length, 0),
  };
}

function speak(talk: Talk): void {
  talk.world.loudspeaker.hooks.microphone(new Int16Array(640).fill(7));
}

function becomes(talk: Talk, state: MicrophoneState): void {
  talk.world.loudspeaker.hooks.micState(state);
}

const SILENCE = Array.from({ length: 15 }, () => 0);

for (const state of ["muted", "asking", "lost", "off"] as const) {
  test(`A microphone that becomes ${state} in mid-word is followed by 0.6 s of silence at once.`, async () => {
    const talk = await Talk.open();
    speak(talk);
    becomes(talk, state);
    assert.deepEqual(heard(talk), { firsts: [7, ...SILENCE], samples: 640 + 9600 });
    assert.equal(talk.line.sounds.every((pcm) => pcm.length === 640), true);
  });
}

test("The silence comes once for each time that something was said.", async () => {
  const talk = await Talk.open();
  becomes(talk, "muted");
  assert.deepEqual(heard(talk).firsts, [], "nothing was said");
  becomes(talk, "on");
  speak(talk);
  becomes(talk, "asking");
  becomes(talk, "lost");
  becomes(talk, "on");
  speak(talk);
  becomes(talk, "muted");
  assert.deepEqual(heard(talk).firsts, [7, ...SILENCE, 7, ...SILENCE]);
});

test("A page whose sound is taken away records nothing, and ends its word as well.", async () => {
  const talk = await Talk.open();
  speak(talk);
  talk.world.loudspeaker.hooks.soundState("blocked");
  assert.deepEqual(heard(talk).firsts, [7, ...SILENCE]);
});

test("Push-to-talk has a button that says so; no silence is sent.", async () => {
  const talk = await Talk.open({}, answer({}, "push_to_talk"));
  talk.session.startTurn();
  speak(talk);
  becomes(talk, "muted");
  talk.session.endTurn();
  assert.deepEqual(heard(talk).firsts, [7]);
});

test("Who mutes while the line is broken ends the word on the next line, after client.ready.", async () => {
  const talk = await Talk.open();
  speak(talk);
  await talk.line.ends(1006);
  becomes(talk, "muted");
  await talk.world.pass(125);
  assert.deepEqual(heard(talk).firsts, []);
  await talk.line.open();
  assert.deepEqual(heard(talk).firsts, SILENCE);
  assert.equal(talk.line.types.at(-1), "client.ready");
});

test("Who speaks on after the line broke ends nothing.", async () => {
  const talk = await Talk.open();
  speak(talk);
  await talk.line.ends(1006);
  await talk.world.pass(125);
  await talk.line.open();
  speak(talk);
  assert.deepEqual(heard(talk).firsts, [7]);
});

test("A conversation that was left has no word to end in the next.", async () => {
  const talk = await Talk.open({ microphone: false });
  becomes(talk, "on");
  speak(talk);
  talk.session.disconnect();
  void talk.session.connect({ fresh: true });
  await talk.world.pass(0);
  await talk.line.open();
  assert.deepEqual([talk.session.microphone, heard(talk).firsts], ["off", []]);
});
