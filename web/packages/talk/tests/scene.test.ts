/** Each state of the page: what it says, what one can press, what one can mend. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fresh, type Model } from "../src/model.js";
import { type Button, scene } from "../src/scene.js";

const AGENT = {
  slug: "desk",
  name: "Desk",
  greeting: "Hello.",
  pushToTalk: false,
  suggestions: ["When are you open?"],
};
const NOW = 100_000;

function at(change: Partial<Model>): ReturnType<typeof scene> {
  return scene({ ...fresh(AGENT, true, true), ...change }, NOW);
}

function live(change: Partial<Model>): ReturnType<typeof scene> {
  return at({ line: "connected", sound: "on", microphone: "on", agentState: "listening", ...change });
}

function pressed(shown: ReturnType<typeof scene>, ...buttons: Button[]): void {
  assert.deepEqual([...shown.buttons], buttons);
}

function refused(code: string, message = "", retryAt: number | null = null): ReturnType<typeof scene> {
  return at({ line: "failed", trouble: { code, message, retryAt } });
}

test("an idle page invites, and offers to go on where that is possible", () => {
  const shown = at({});
  pressed(shown, "talk", "type");
  assert.ok(shown.begin && !shown.typing);
  const back = at({ resumable: true });
  pressed(back, "resume", "anew", "type");
  assert.match(back.detail, /still go on/);
});

test("while it connects one can only cancel, and it says what the browser asks", () => {
  pressed(at({ line: "connecting" }), "end");
  assert.match(at({ line: "connecting", microphone: "asking" }).state, /hear you/);
});

test("each state of the agent has its mood", () => {
  assert.equal(live({ agentState: "initializing" }).mood, "connecting");
  assert.equal(live({ agentState: "idle" }).mood, "listening");
  assert.equal(live({}).mood, "listening");
  assert.equal(live({ agentState: "thinking", tool: "book_table" }).detail, "Using book table");
  const speaking = live({ agentState: "speaking" });
  assert.equal(speaking.mood, "speaking");
  assert.ok(speaking.interruptible && !live({}).interruptible);
  pressed(speaking, "mute", "interrupt", "end");
});

test("a muted microphone is said at once, and can be opened again", () => {
  const shown = live({ microphone: "muted" });
  assert.equal(shown.mood, "muted");
  assert.match(shown.detail, /cannot hear you/);
  pressed(shown, "mute", "interrupt", "end");
});

test("push-to-talk asks to hold the button, and listens while it is held", () => {
  const waiting = live({ pushToTalk: true });
  assert.match(waiting.detail, /Hold the button/);
  pressed(waiting, "hold", "interrupt", "end");
  assert.equal(live({ pushToTalk: true, holding: true }).mood, "listening");
});

test("without a microphone one types on, and the page says how to mend it", () => {
  for (const microphone of ["denied", "missing", "lost"] as const) {
    const shown = live({ microphone });
    assert.ok(shown.typing, microphone);
    assert.equal(shown.mend?.act, "listen");
  }
  assert.equal(live({ microphone: "unsupported" }).mend?.act, null);
  const written = live({ microphone: "off" });
  assert.equal(written.mend, null);
  pressed(written, "listen", "interrupt", "end");
});

test("sound that the browser holds back waits for a tap", () => {
  pressed(live({ sound: "blocked", agentState: "speaking" }), "hear", "end");
});

test("a broken line says since when, what happens, and that nothing is asked of the user", () => {
  const shown = at({ line: "reconnecting", lostAt: NOW - 75_000 });
  assert.equal(shown.mood, "apart");
  assert.match(shown.detail, /1 min 15 s ago/);
  assert.ok(shown.typing);
  assert.match(at({ line: "reconnecting", lostAt: NOW }).detail, /just broke/);
  assert.equal(at({ line: "reconnecting", lostAt: NOW, online: false }).state, "You are offline");
});

test("a conversation that ended says who ended it", () => {
  pressed(at({ line: "disconnected", resumable: true }), "resume", "anew");
  pressed(at({ line: "disconnected" }), "talk");
  const over = (code: string): ReturnType<typeof scene> =>
    at({ line: "disconnected", resumable: true, trouble: { code, message: "Why.", retryAt: null } });
  assert.equal(over("replaced").resumeLabel, "Take it back here");
  assert.equal(over("ended").state, "Desk hung up");
  assert.equal(over("timed_out").detail, "Why.");
});

test("each refusal is named in words, with the server's own sentence", () => {
  const names = [
    "insufficient_balance",
    "origin_refused",
    "agent_not_found",
    "conversation_open",
    "rate_limited",
    "overloaded",
    "line_lost",
    "unreachable",
    "something_else",
  ].map((code) => refused(code, "The sentence.").state);
  assert.equal(new Set(names).size, names.length);
  assert.match(refused("rate_limited", "The sentence.").detail, /The sentence/);
  pressed(refused("rate_limited"), "talk");
});

test("a busy server is tried again by itself, and the seconds are counted", () => {
  const shown = refused("overloaded", "It is full. Try again shortly.", NOW + 4200);
  assert.equal(shown.detail, "It is full. Trying again in 5 s.");
  assert.equal(shown.talkLabel, "Try now");
});

test("a server that is gone is told from a network that is gone", () => {
  const trouble = { code: "unreachable", message: "", retryAt: null };
  assert.match(at({ line: "failed", trouble }).state, /does not answer/);
  assert.match(at({ line: "failed", trouble }).detail, /make run/);
  assert.doesNotMatch(at({ line: "failed", trouble, near: false }).detail, /make run/);
  assert.match(at({ line: "failed", trouble, online: false }).state, /offline/);
});
