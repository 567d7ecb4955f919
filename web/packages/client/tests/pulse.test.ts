/** A line that says nothing any more, though no socket closed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../src/pulse.js";
import { answer, FakeWorld } from "./fakes.js";
import { Talk } from "./talk.js";

const BEAT = { type: "duologue.beat" };

test("A line that is silent for 13 seconds is given up, and opened again.", async () => {
  const talk = await Talk.open();
  const [silent] = talk.world.sockets;
  await talk.world.pass(12_999);
  assert.equal(talk.session.state, "connected");
  await talk.world.pass(1);
  assert.deepEqual(talk.told, ["reconnecting"]);
  assert.equal(silent?.closedWith, 4000, "nobody left");
  await talk.world.pass(125);
  await talk.line.open();
  silent?.says({ type: "agent.state", state: "thinking" });
  await silent?.ends(1006);
  assert.deepEqual(talk.told, ["reconnecting", "connected"], "the old one changes nothing");
  assert.equal(talk.session.agentState, "initializing");
});

test("Whatever arrives keeps the line: a beat, sound, a frame that nobody understands.", async () => {
  const talk = await Talk.open();
  const arrives = [
    () => talk.line.says(BEAT),
    () => talk.line.sounded(320),
    () => talk.line.onmessage?.({ data: "{" }),
  ];
  for (const each of [...arrives, ...arrives]) {
    await talk.world.pass(12_500);
    each();
  }
  await talk.world.pass(12_999);
  assert.deepEqual(talk.told, []);
  await talk.world.pass(1);
  assert.deepEqual(talk.told, ["reconnecting"]);
});

test("A beat is nobody's data and no word.", async () => {
  const talk = await Talk.open();
  const got: unknown[] = [];
  for (const name of ["data", "notice", "transcript", "tool"] as const) {
    talk.session.on(name, (value) => got.push(value));
  }
  talk.line.says(BEAT);
  assert.deepEqual(got, []);
});

test("A server that promises no beats may be silent for as long as it likes.", async () => {
  const plain = answer();
  const config = { ...plain.config, capabilities: ["binary"] };
  const talk = await Talk.open({}, { ...plain, config });
  await talk.world.pass(600_000);
  assert.equal(talk.session.state, "connected");
});

test("A page that slept gives what came meanwhile the time to be heard.", async () => {
  const talk = await Talk.open();
  for (let night = 0; night < 3; night++) {
    await talk.world.sleeps(3_600_000);
    await talk.world.pass(12_000);
    talk.line.says(BEAT);
  }
  assert.deepEqual(talk.told, [], "it was a false alarm each time");
  await talk.world.sleeps(3_600_000);
  await talk.world.pass(12_999);
  assert.equal(talk.session.state, "connected");
  await talk.world.pass(1);
  assert.equal(talk.session.state, "reconnecting", "the line did not live through this night");
});

test("A page in the background, whose timers come once a minute, finds its line alive.", async () => {
  const talk = await Talk.open();
  for (let minute = 0; minute < 10; minute++) {
    await talk.world.sleeps(60_000, () => talk.line.says(BEAT)); // frames are not held up
  }
  assert.deepEqual(talk.told, []);
  await talk.world.sleeps(60_000);
  await talk.world.sleeps(60_000);
  assert.deepEqual(talk.told, ["reconnecting"], "and notices when it died");
});

test("A clock that is set, forth or back, costs one more wait at most.", async () => {
  for (const forth of [true, false]) {
    const talk = await Talk.open();
    if (forth) talk.world.turnsBack(-900_000);
    else talk.world.turnsBack(900_000);
    await talk.world.pass(25_999);
    assert.equal(talk.session.state, "connected");
    await talk.world.pass(1);
    assert.equal(talk.session.state, "reconnecting");
  }
});

test("A pulse that was stopped finds nothing dead.", async () => {
  const world = new FakeWorld();
  let dead = 0;
  const pulse = new Pulse(world, () => dead++);
  await world.pass(1000);
  pulse.stop();
  assert.equal(world.waiting, 0);
  await world.pass(60_000);
  assert.equal(dead, 0);
});
