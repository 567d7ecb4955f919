/** Each state of the widget: what it says, what one can press, what one can mend. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Model } from "../src/model.js";
import { audible, launching, type Scene, sentences } from "../src/scene.js";
import { fresh, IDLE } from "../src/model.js";
import { at, live, NOW, settings, t } from "./world.js";

function refused(code: string, message = "", retryAt: number | null = null, more: Partial<Model> = {}): Scene {
  return at({ state: "failed" }, { trouble: { code, message, retryAt }, ...more });
}

test("an idle widget invites, and offers to go on where that is possible", () => {
  assert.deepEqual(at({}).buttons, ["start"]);
  assert.ok(at({}).begin && at({}).typing);
  const back = at({ resumable: true });
  assert.deepEqual(back.buttons, ["resume", "anew"]);
  assert.match(back.detail, /still go on/);
});

test("a text widget begins by typing, and a voice widget cannot be typed to", () => {
  assert.deepEqual(at({}, {}, { mode: "text" }).buttons, []);
  assert.ok(at({}, {}, { mode: "text" }).typing);
  assert.ok(!at({}, {}, { mode: "voice" }).typing);
  assert.deepEqual(at({}, {}, { mode: "voice" }).buttons, ["start"]);
  assert.deepEqual(live({ microphone: "off" }, {}, { mode: "text" }).buttons, ["interrupt", "end"]);
  assert.equal(live({ microphone: "denied" }, {}, { mode: "text" }).mend, null);
});

test("while it connects one can only cancel, and it says what the browser asks", () => {
  assert.deepEqual(at({ state: "connecting" }).buttons, ["end"]);
  assert.match(at({ state: "connecting", microphone: "asking" }).state, /hear you/);
});

test("each state of the agent has its mood", () => {
  assert.equal(live({ activity: "initializing" }).mood, "connecting");
  assert.equal(live({ activity: "idle" }).mood, "listening");
  assert.equal(live({ activity: "thinking", tool: "book_table" }).detail, "Using book table");
  const speaking = live({ activity: "speaking" });
  assert.equal(speaking.mood, "speaking");
  assert.ok(speaking.interruptible && !live().interruptible);
  assert.deepEqual(speaking.buttons, ["mute", "interrupt", "end"]);
});

test("a microphone that does not hear is said, with what mends it", () => {
  assert.equal(live({ microphone: "muted" }).mood, "muted");
  assert.match(live({ microphone: "muted" }).detail, /cannot hear you/);
  for (const microphone of ["denied", "missing", "lost"] as const) {
    assert.ok(live({ microphone }).mend?.act, microphone);
    assert.match(live({ microphone }).detail, /Type below/);
  }
  for (const microphone of ["denied", "missing", "unsupported"] as const) {
    assert.match(live({ microphone }).mend?.text ?? "", /you can type\.$/);
    assert.match(live({ microphone }, {}, { mode: "voice" }).mend?.text ?? "", /you can only listen\.$/);
  }
  assert.equal(live({ microphone: "unsupported" }).mend?.act, false);
  assert.equal(live({ microphone: "asking" }).state, "May this page hear you?");
  assert.deepEqual(live({ microphone: "off" }).buttons, ["speak", "interrupt", "end"]);
});

test("sound that the browser holds back waits for a tap", () => {
  assert.deepEqual(live({ sound: "blocked" }).buttons, ["hear", "end"]);
  assert.notEqual(live({ sound: "blocked" }, {}, { mode: "text" }).state, "Sound is held back");
});

test("push-to-talk is held, and says when it is the visitor's turn", () => {
  assert.deepEqual(live({ pushToTalk: true }).buttons, ["hold", "interrupt", "end"]);
  assert.equal(live({ pushToTalk: true }).state, "Your turn");
  assert.equal(live({ pushToTalk: true }, { holding: true }).mood, "listening");
});

test("a broken line counts its seconds, and says when the network is gone", () => {
  const broken = at({ state: "reconnecting" }, { lostAt: NOW - 4000 });
  assert.match(broken.detail, /4 s ago\. Desk keeps your place/);
  assert.equal(broken.mood, "apart");
  assert.equal(at({ state: "reconnecting" }, { online: false }).state, "You are offline");
});

test("an end says whose it was, and what is possible after it", () => {
  const left = at({ state: "disconnected", resumable: true });
  assert.deepEqual(left.buttons, ["resume", "anew"]);
  assert.equal(left.state, "You left");
  const over = (code: string): Scene =>
    at({ state: "disconnected", resumable: code === "replaced" }, { trouble: { code, message: "Why.", retryAt: null } });
  assert.equal(over("replaced").resume, "Take it back here");
  assert.equal(over("ended").state, "Desk hung up");
  assert.deepEqual(over("ended").buttons, ["start"]);
  assert.equal(over("timed_out").detail, "Why.");
});

test("a refusal says what to do, in the visitor's words or the server's", () => {
  assert.equal(refused("insufficient_balance", "orgs credit").detail.includes("orgs"), false);
  assert.equal(refused("origin_refused", "Pages from X may not.").detail, "Pages from X may not.");
  assert.equal(refused("agent_has_no_org").state, "Desk is not here");
  assert.equal(refused("conversation_open").state, "It is open in another place");
  assert.equal(refused("AGENT_TIMEOUT").state, "Nobody answered");
  assert.equal(refused("what_is_this", "Strange.").detail, "Strange.");
  assert.equal(refused("unreachable", "", null, { online: false }).state, "You are offline");
  assert.equal(refused("overloaded").start, "Try again");
  const busy = refused("overloaded", "", NOW + 3000);
  assert.equal(busy.detail, "Trying again in 3 s.");
  assert.equal(busy.start, "Try now");
  assert.equal(refused("overloaded", "", NOW).detail, "Trying again…");
});

test("what was said stands beside the voices, where it may be shown", () => {
  assert.equal(live({}, { spoken: true }).layout, "both");
  assert.equal(live({}, { spoken: true }, { transcript: "false" }).layout, "alone");
  assert.equal(live({}, {}, { mode: "voice" }).layout, "alone");
  assert.equal(at({ state: "disconnected" }, { spoken: true }).layout, "both");
});

test("an object of the page's own can be left, and nothing else", () => {
  const bare = live({ whole: false, activity: "speaking" });
  assert.deepEqual(bare.buttons, ["end"]);
  assert.ok(!bare.typing && !bare.interruptible);
});

test("the closed button says what it is for, or what goes on", () => {
  const model = fresh(settings(), true);
  assert.equal(launching(model, at({}), t), "Talk with Desk");
  assert.equal(launching(fresh(settings({ "start-text": "Ask us" }), true), at({}), t), "Ask us");
  assert.equal(launching({ ...model, line: { ...IDLE, state: "connected" } }, live(), t), "Listening");
});

test("whoever does not see is told what holds, and not each turn or second", () => {
  const turns = ["initializing", "idle", "listening", "thinking", "speaking"] as const;
  assert.deepEqual([...new Set(turns.map((activity) => live({ activity }).news))], ["Listening"]);
  assert.equal(live({ microphone: "muted", activity: "speaking" }).news, "Muted. Desk cannot hear you.");
  assert.equal(live({ microphone: "off" }).news, "Connected");
  assert.equal(live({ pushToTalk: true }).news, "Connected. Hold the button while you speak.");
  assert.equal(live({}, {}, { mode: "text" }).news, "Connected");
  assert.equal(live({ sound: "blocked" }).news, "Sound is held back. A page is silent until you touch it.");
  assert.equal(at({}).news, "");
  assert.equal(at({ state: "connecting", microphone: "asking" }).news, "May this page hear you? Your browser asks for the microphone.");
  const broken = [1000, 9000].map((ms) => at({ state: "reconnecting" }, { lostAt: NOW - ms }).news);
  assert.deepEqual(broken, ["Reconnecting…", "Reconnecting…"]);
  assert.equal(at({ state: "disconnected", resumable: true }).news, "You left. You can pick it up within five minutes.");
  assert.equal(refused("what_is_this", "Strange.").news, "That did not work. Strange.");
  assert.deepEqual([NOW + 1000, NOW + 9000].map((at) => refused("overloaded", "", at).news), Array(2).fill("Every line is busy"));
});

test("the agent's words are read out where its voice cannot be heard", () => {
  const model = (line: Partial<Model["line"]>, tag = {}): Model =>
    ({ ...fresh(settings(tag), true), line: { ...IDLE, state: "connected", sound: "on", ...line } });
  const voice = (muted: boolean, volume: number): HTMLAudioElement => ({ muted, volume }) as HTMLAudioElement;
  assert.ok(audible(model({}), null) && audible(model({}), voice(false, 0.5)));
  assert.ok(!audible(model({}), voice(true, 1)) && !audible(model({}), voice(false, 0)));
  assert.ok(!audible(model({ sound: "blocked" }), null) && !audible(model({ state: "disconnected" }), null));
  assert.ok(!audible(model({}, { mode: "text" }), null));
});

test("what is read out ends no sentence twice, in any of the languages", () => {
  const marks = [..."?؟!….", ""];
  const read = marks.map((mark) => sentences(`One${mark}`, "", "Two."));
  assert.deepEqual(read, ["One? Two.", "One؟ Two.", "One! Two.", "One… Two.", "One. Two.", "One. Two."]);
});
