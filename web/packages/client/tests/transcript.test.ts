/** The transcript as a function of what is said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  delivered,
  EMPTY,
  heard,
  interrupted,
  told,
  type Transcript,
  typed,
  unconfirmed,
} from "../src/transcript.js";
import type { ServerMessage } from "../src/wire.js";

function after(messages: ServerMessage[], from: Transcript = EMPTY): Transcript {
  return messages.reduce((words, message, index) => heard(words, message, index), from);
}

function lines(words: Transcript): string[] {
  return words.entries.map(
    ({ role, text, final, interrupted: cut }) => `${role}: ${text}${final ? "" : "…"}${cut ? " —" : ""}`,
  );
}

const interim = (content: string, delta_counter: number): ServerMessage => ({
  type: "user.transcript.interim_delta",
  content,
  turn_id: "u1",
  delta_counter,
});
const delta = (content: string, turn_id = "a1"): ServerMessage => ({
  type: "response.text.delta",
  content,
  turn_id,
});
const said = (content: string, turn_id = "u1"): ServerMessage => ({
  type: "user.transcript",
  content,
  turn_id,
});

test("An interim replaces the earlier one of its counter, and the next counter is added.", () => {
  const one = after([interim("I want", 0), interim("I want a table", 0)]);
  assert.deepEqual(lines(one), ["user: I want a table…"]);
  const closed: ServerMessage = {
    type: "user.transcript.delta",
    content: "I want a table.",
    turn_id: "u1",
    delta_counter: 0,
  };
  assert.deepEqual(lines(after([closed, interim("For two", 1)], one)), [
    "user: I want a table. For two…",
  ]);
});

test("The whole transcript replaces what was understood so far.", () => {
  assert.deepEqual(lines(after([interim("eye want", 0), said("I want it.")])), ["user: I want it."]);
});

test("A turn of the user that came to nothing goes.", () => {
  const end: ServerMessage = { type: "turn.end", role: "user", turn_id: "u1" };
  assert.deepEqual(lines(after([interim("hm", 0), end])), []);
  assert.deepEqual(lines(after([said("Hm."), end])), ["user: Hm."]);
});

test("Deltas are appended, and the whole text replaces them.", () => {
  const words = after([delta("Good "), delta("mor")]);
  assert.deepEqual(lines(words), ["agent: Good mor…"]);
  const whole: ServerMessage = { type: "response.text", content: "Good morning.", turn_id: "a1" };
  assert.deepEqual(lines(after([whole], words)), ["agent: Good morning."]);
});

test("A turn keeps its place and its time while later turns come.", () => {
  const words = after([delta("Good "), said("Hello"), delta("morning.")]);
  assert.deepEqual(lines(words), ["agent: Good morning.…", "user: Hello"]);
  assert.deepEqual(words.entries.map((entry) => entry.timestamp), [0, 1]);
});

test("A cut turn is marked, also where its words come only later.", () => {
  assert.deepEqual(lines(interrupted(after([delta("Good")]), "a1")), ["agent: Good… —"]);
  assert.deepEqual(lines(after([delta("Good")], interrupted(EMPTY, "a1"))), ["agent: Good… —"]);
});

test("A message that is no words changes nothing at all.", () => {
  const words = after([said("Hello")]);
  assert.equal(heard(words, { type: "agent.state", state: "thinking" }, 9), words);
  assert.equal(heard(words, { type: "turn.end", role: "assistant", turn_id: "a9" }, 9), words);
  const unknown = { type: "from.the.future" } as unknown as ServerMessage;
  assert.equal(heard(words, unknown, 9), words);
});

test("A typed message becomes the turn that says the same, the oldest first.", () => {
  const words = typed(typed(EMPTY, "typed-1", "yes", 1), "typed-2", " yes ", 2);
  assert.deepEqual(unconfirmed(words).map((entry) => entry.id), ["typed-1", "typed-2"]);
  const confirmed = after([said("yes", "u7")], words);
  assert.deepEqual(confirmed.entries.map((entry) => entry.id), ["user:u7", "typed-2"]);
  assert.equal(confirmed.entries[0]?.typed, true);
  assert.deepEqual(unconfirmed(confirmed).map((entry) => entry.id), ["typed-2"]);
});

test("Spoken words are no typed message, even while one waits.", () => {
  const words = after([said("no", "u7")], typed(EMPTY, "typed-1", "yes", 1));
  assert.deepEqual(words.entries.map((entry) => entry.id), ["typed-1", "user:u7"]);
});

const HISTORY: ServerMessage = {
  type: "conversation.history",
  messages: [
    { role: "user", content: "Hello", turn_id: "u1", at: 100, interrupted: false },
    { role: "assistant", content: "Good mor", turn_id: "a1", at: 200, interrupted: true },
  ],
};

test("History replaces all, with its own times and roles.", () => {
  const words = after([HISTORY], after([said("Old", "u0"), interim("half", 0)]));
  assert.deepEqual(lines(words), ["user: Hello", "agent: Good mor —"]);
  assert.deepEqual(words.entries.map((entry) => entry.timestamp), [100, 200]);
});

test("Later words of a turn in the history update it.", () => {
  const whole: ServerMessage = { type: "response.text", content: "Good morning.", turn_id: "a1" };
  assert.deepEqual(lines(after([HISTORY, whole])), ["user: Hello", "agent: Good morning. —"]);
});

test("A typed message is found in the history once, and else stays behind it.", () => {
  const words = typed(typed(EMPTY, "typed-1", "Hello", 1), "typed-2", "Hello", 2);
  const back = after([HISTORY], words);
  assert.deepEqual(back.entries.map((entry) => entry.id), ["user:u1", "agent:a1", "typed-2"]);
  assert.equal(back.entries[0]?.typed, true);
  assert.deepEqual(unconfirmed(back).map((entry) => entry.id), ["typed-2"]);
});

test("A message that was known before the break confirms no typed one.", () => {
  const words = typed(after([said("Hello")]), "typed-1", "Hello", 2);
  assert.deepEqual(after([HISTORY], words).entries.map((entry) => entry.id), ["user:u1", "agent:a1", "typed-1"]);
});

test("An answer to a turn of the same id is another entry, and ends by itself.", () => {
  const words = after([interim("Hello", 0), delta("Hi.", "u1")]);
  assert.deepEqual(words.entries.map((entry) => entry.id), ["user:u1", "agent:u1"]);
  const end: ServerMessage = { type: "turn.end", role: "assistant", turn_id: "u1" };
  assert.deepEqual(lines(after([end], words)), ["user: Hello…", "agent: Hi."]);
});

test("A room tells a segment's whole text each time; one that came to nothing goes.", () => {
  const tell = (words: Transcript, text: string, final: boolean, cut = false): Transcript =>
    told(words, { id: "s", role: "agent", text, final, interrupted: cut }, 5);
  const growing = tell(tell(EMPTY, "Good", false), "Good morning", false);
  assert.deepEqual(lines(growing), ["agent: Good morning…"]);
  assert.deepEqual(lines(tell(growing, "Good mor", true, true)), ["agent: Good mor —"]);
  assert.deepEqual(lines(tell(growing, "", true)), []);
  assert.equal(tell(EMPTY, "", true), EMPTY);
});

test("A typed message that is on its way waits for nobody.", () => {
  const words = delivered(typed(EMPTY, "typed-1", "yes", 1), "typed-1");
  assert.deepEqual([unconfirmed(words), lines(words)], [[], ["user: yes"]]);
});
