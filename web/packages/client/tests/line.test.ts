/** The line's machine, held to the vectors that Python passes too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../../tests/vectors/line.json" with { type: "json" };
import states from "../../../../tests/vectors/states.json" with { type: "json" };
import {
  afterClose,
  afterRefusal,
  delayMs,
  givesUp,
  InvalidTransition,
  type LineMove,
  type LineState,
  MOVES,
  resumable,
  step,
} from "../src/line.js";

const TABLE = new Map(vectors.table.map(([from, move, to]) => [`${from} ${move}`, to]));

test("The table has the states and moves of the vectors, and no others.", () => {
  assert.deepEqual(Object.keys(MOVES), vectors.states);
  assert.deepEqual(states.line.map(([ours]) => ours), vectors.states);
  const edges = Object.values(MOVES).flatMap((moves) => Object.keys(moves));
  assert.equal(edges.length, vectors.table.length);
});

test("Every move from every state leads where the vectors say, or is refused.", () => {
  for (const state of vectors.states as LineState[]) {
    for (const move of vectors.moves as LineMove[]) {
      const to = TABLE.get(`${state} ${move}`);
      if (to !== undefined) assert.equal(step(state, move), to);
      else assert.throws(() => step(state, move), InvalidTransition);
    }
  }
});

test("A refusal says what was expected and what came, in Python's words.", () => {
  for (const [state, move, expected] of vectors.refused as [LineState, LineMove, string[]][]) {
    const message = `a session that is ${state} expects ${expected.join(" or ")}, got ${move}`;
    assert.throws(() => step(state, move), { name: "InvalidTransition", message });
  }
});

test("A close code says what comes next, and whether one may come back.", () => {
  for (const [code, move, may] of vectors.closes as [number, string, boolean][]) {
    assert.equal(afterClose(code), move, `close ${code}`);
    assert.equal(resumable(code), may, `close ${code}`);
  }
});

test("A refused authorize is tried again, final, or the end.", () => {
  for (const [status, code, meaning] of vectors.refusals as [number, string, string][]) {
    assert.equal(afterRefusal(status, code), meaning, `${status} ${code}`);
  }
});

test("Waits double up to their longest.", () => {
  for (const [attempt, chance, seconds] of vectors.delays as [number, number, number][]) {
    assert.ok(Math.abs(delayMs(attempt, chance) - seconds * 1000) < 1e-6, `attempt ${attempt}`);
  }
});

test("A line that was broken for too long is lost.", () => {
  for (const [seconds, lost] of vectors.gives_up as [number, boolean][]) {
    assert.equal(givesUp(seconds * 1000), lost);
  }
});
