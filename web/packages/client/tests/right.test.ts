/** A memory that a right can be handed to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browserMemory } from "../src/memory.js";
import { Right } from "../src/right.js";
import { FakeStorage } from "./fakes.js";

const KEY = "duologue x desk";
const kept = (token: string, conversationId = "conv_1") => ({ token, conversationId, at: 5 });

test("Without a memory it keeps as long as it is there.", () => {
  const right = new Right(null);
  assert.equal(right.recall(KEY), null);
  right.keep(KEY, kept("one"), true);
  assert.deepEqual(right.recall(KEY), { ...kept("one"), sameTab: false });
  right.drop();
  assert.equal(right.recall(KEY), null);
});

test("What is handed in is recalled, unless the memory knows newer of the same conversation.", () => {
  const memory = browserMemory({ local: new FakeStorage(), session: new FakeStorage() });
  const right = new Right(memory);
  right.hand(kept("handed"));
  assert.equal(right.recall(KEY)?.token, "handed");
  memory.keep(KEY, kept("other's", "conv_2"), true);
  assert.equal(right.recall(KEY)?.token, "handed");
  memory.keep(KEY, kept("newer"), true);
  assert.equal(right.recall(KEY)?.token, "newer");
});

test("What is kept or forgotten afterwards counts instead, in the memory too.", () => {
  const memory = browserMemory({ local: new FakeStorage(), session: new FakeStorage() });
  const right = new Right(memory);
  right.hand(kept("handed"));
  right.keep(KEY, kept("kept", "conv_2"), true);
  assert.deepEqual([right.recall(KEY)?.token, memory.recall(KEY)?.token], ["kept", "kept"]);
  right.hand(kept("handed"));
  right.drop();
  assert.deepEqual([right.recall(KEY), memory.recall(KEY)], [null, null]);
});
