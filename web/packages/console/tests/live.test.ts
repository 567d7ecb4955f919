import assert from "node:assert/strict";
import { test } from "node:test";
import { Line, type LineState, type Source, type Tools } from "../src/live/line.js";
import { Talk } from "../src/live/talk.js";
import { clip, doing, type Said, span } from "../src/live/words.js";

const KNOWN: Said = { turn: "t1", side: "agent", name: "", text: "Hello.", at: 5, final: true, interrupted: false };

/** A talk that knows one turn. */
function talk(holder = ""): Talk {
  const made = new Talk();
  made.load({ said: [KNOWN], holder });
  return made;
}

const texts = (one: Talk): string[] => [...one.turns.values()].map((each) => `${each.side}: ${each.text}`);

test("words of a turn replace those before, and others come behind", () => {
  const one = talk();
  one.take({ type: "words", turn: "u1", side: "user", text: "What", final: false }, 10);
  one.take({ type: "words", turn: "u1", side: "user", text: "What now?", final: true }, 11);
  assert.deepEqual(texts(one), ["agent: Hello.", "user: What now?"]);
  assert.equal(one.turns.get("u1")?.at, 10);
  assert.equal(one.turns.get("u1")?.final, true);
});

test("words that came to nothing are gone; of others nothing changes", () => {
  const one = talk();
  one.take({ type: "words", turn: "u1", side: "user", text: "Uh", final: false }, 10);
  assert.deepEqual(one.take({ type: "words", turn: "u1", side: "user", text: "", final: true }, 11), {
    turn: "u1",
    said: null,
  });
  assert.equal(one.take({ type: "words", turn: "u9", side: "user", text: "", final: true }, 12), null);
  assert.deepEqual(texts(one), ["agent: Hello."]);
});

test("a turn that was cut says so, and one that nobody knows says nothing", () => {
  const one = talk();
  one.take({ type: "ended", turn: "t1", interrupted: true }, 10);
  assert.equal(one.turns.get("t1")?.interrupted, true);
  assert.equal(one.take({ type: "ended", turn: "t9", interrupted: true }, 10), null);
  assert.equal(one.take({ type: "doing", state: "speaking" }, 10), null);
});

test("a person's turn has their name, and stays theirs after the agent is back", () => {
  const one = talk("Ada");
  one.take({ type: "words", turn: "p1", side: "person", text: "I am", final: false }, 10);
  one.holder = "";
  one.take({ type: "words", turn: "p1", side: "agent", text: "I am here.", final: true }, 11);
  assert.deepEqual(texts(one), ["agent: Hello.", "person: I am here."]);
  assert.equal(one.turns.get("p1")?.name, "Ada");
});

test("an answer of the agent that a person cuts stays the agent's", () => {
  const one = talk();
  one.take({ type: "words", turn: "t2", side: "agent", text: "I am", final: false }, 10);
  one.holder = "Ada";
  one.take({ type: "words", turn: "t2", side: "person", text: "I am", final: true }, 11);
  assert.deepEqual(texts(one), ["agent: Hello.", "agent: I am"]);
  assert.equal(one.turns.get("t2")?.name, "");
});

test("a page that stands open for a day forgets the oldest turns", () => {
  const one = talk();
  for (let number = 0; number < 450; number += 1) {
    one.take({ type: "words", turn: `u${number}`, side: "user", text: "Hm", final: true }, number);
  }
  assert.equal(one.turns.size, 400);
  assert.equal(one.turns.has("t1"), false);
  assert.equal(one.turns.has("u449"), true);
});

test("what is known anew takes the place of all before", () => {
  const one = talk();
  one.take({ type: "words", turn: "u1", side: "user", text: "Hm", final: true }, 1);
  one.load({ said: [{ ...KNOWN, text: "Hello again." }], holder: "" });
  assert.deepEqual(texts(one), ["agent: Hello again."]);
});

test("a pill says who answers, who is waited for, and what the agent does", () => {
  assert.deepEqual(doing("speaking", "Ada", true), ["Ada answers", "person"]);
  assert.deepEqual(doing("speaking", "", true), ["waits for the visitor", "busy"]);
  assert.deepEqual(doing("", "", false), ["in another process", ""]);
  assert.deepEqual(doing("initializing", "", false), ["getting ready", ""]);
  assert.deepEqual(doing("speaking", "", false), ["speaking", "speaks"]);
  assert.deepEqual(doing("listening", "", false), ["listening", "good"]);
});

test("times and texts are written as the server writes them", () => {
  assert.deepEqual([-5, 0, 18_999, 725_000, 3_729_000].map(span), ["0:00", "0:00", "0:18", "12:05", "1:02:09"]);
  assert.equal(clip("abcdef", 6), "abcdef");
  assert.equal(clip("abc defg", 5), "abc…");
});

class Fake implements Source {
  readyState = 0;
  onopen: ((event: Event) => unknown) | null = null;
  onerror: ((event: Event) => unknown) | null = null;
  closed = false;
  readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(name, listener);
  }
  close(): void {
    this.closed = true;
  }
  says(name: string, said: unknown): void {
    this.listeners.get(name)?.({ data: JSON.stringify(said) } as MessageEvent<string>);
  }
  breaks(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.({} as Event);
  }
}

/** A line with sources that a test plays, and what it told. */
function line(): { one: Line; sources: Fake[]; states: LineState[]; heard: unknown[]; timers: (() => void)[] } {
  const sources: Fake[] = [];
  const timers: (() => void)[] = [];
  const states: LineState[] = [];
  const heard: unknown[] = [];
  const tools: Tools = {
    open: () => {
      const made = new Fake();
      sources.push(made);
      return made;
    },
    later: (work) => timers.push(work),
  };
  const one = new Line("/x", { shown: (said: unknown) => heard.push(said) }, (state) => states.push(state), tools);
  one.open();
  return { one, sources, states, heard, timers };
}

test("a line that breaks is mended by the browser, and says so meanwhile", () => {
  const { sources, states, heard, timers } = line();
  sources[0]?.onopen?.({} as Event);
  sources[0]?.says("shown", { a: 1 });
  sources[0]?.breaks(0);
  sources[0]?.onopen?.({} as Event);
  assert.deepEqual(states, ["live", "reconnecting", "live"]);
  assert.deepEqual(heard, [{ a: 1 }]);
  assert.equal(timers.length, 0);
});

test("a line that was refused is opened again a moment later, and the old one is not heard", () => {
  const { sources, states, heard, timers } = line();
  sources[0]?.breaks(2);
  assert.deepEqual(states, ["reconnecting"]);
  timers[0]?.();
  assert.equal(sources.length, 2);
  sources[0]?.says("shown", "old");
  sources[1]?.says("shown", "new");
  assert.deepEqual(heard, ["new"]);
});

test("a line that is over stays so", () => {
  const { one, sources, states, heard, timers } = line();
  one.close();
  assert.equal(sources[0]?.closed, true);
  sources[0]?.says("shown", "late");
  sources[0]?.breaks(2);
  one.open();
  assert.deepEqual(states, ["over"]);
  assert.deepEqual([heard, timers.length, sources.length], [[], 0, 1]);
});
