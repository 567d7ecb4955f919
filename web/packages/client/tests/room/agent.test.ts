/** Who is the agent of a room, when it hears us, and when it is gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DisconnectReason } from "livekit-client";
import { AgentWatch, type Person } from "../../src/room/agent.js";
import { Clock } from "./clock.js";

function person(identity: string, attributes: Record<string, string> = {}, isAgent = true): Person {
  return { identity, isAgent, isActive: true, name: identity, attributes };
}

class Room {
  readonly clock = new Clock();
  readonly told: string[] = [];
  readonly people = new Map<string, Person>();
  readonly watch = new AgentWatch(
    () => this.people.values(),
    {
      known: ({ identity }) => this.told.push(`known ${identity}`),
      state: (state) => this.told.push(state),
      linked: () => this.told.push("linked"),
      gone: () => this.told.push("gone"),
    },
    this.clock.after,
  );

  comes(one: Person): void {
    this.people.set(one.identity, one);
    this.watch.connected(one);
  }

  goes(identity: string, why?: DisconnectReason): void {
    const one = this.people.get(identity)!;
    this.people.delete(identity);
    this.watch.disconnected(one, why);
  }

  says(identity: string, state: string): void {
    const one = person(identity, { "lk.agent.state": state });
    this.people.set(identity, one);
    this.watch.changed(one);
  }
}

test("The first agent that stands for itself is it; people and avatars are not.", () => {
  const room = new Room();
  room.comes(person("ann", {}, false));
  room.comes(person("avatar", { "lk.publish_on_behalf": "desk" }));
  room.comes(person("desk"));
  room.comes(person("other"));
  assert.deepEqual(room.told, ["known desk"]);
  assert.equal(room.watch.isAgents(room.people.get("avatar")!), true);
  assert.equal(room.watch.isAgents(person("ann", { "lk.publish_on_behalf": "desk" }, false)), false);
  assert.equal(room.watch.isAgents(person("other")), false);
});

test("What is written reaches an agent that listens and took a track of ours.", () => {
  const room = new Room();
  room.comes(person("desk", { "lk.agent.state": "initializing" }));
  room.watch.hears();
  assert.deepEqual([room.told, room.watch.ready], [["known desk", "initializing"], false]);
  room.says("desk", "listening");
  room.says("desk", "listening");
  assert.deepEqual(room.told.slice(2), ["listening", "linked"]);
});

test("An agent that takes no tracks has seen us after four seconds.", async () => {
  const room = new Room();
  room.comes(person("desk", { "lk.agent.state": "listening" }));
  await room.clock.pass(3999);
  assert.equal(room.watch.linked, false);
  await room.clock.pass(1);
  assert.deepEqual(room.told, ["known desk", "listening", "linked"]);
});

test("An agent that vanishes may be back for five seconds, and then is gone.", async () => {
  const room = new Room();
  room.comes(person("desk", { "lk.agent.state": "listening" }));
  room.goes("desk");
  await room.clock.pass(4000);
  room.comes(person("desk", { "lk.agent.state": "thinking" }));
  await room.clock.pass(9000);
  assert.equal(room.told.includes("gone"), false);
  room.goes("desk");
  await room.clock.pass(5000);
  assert.deepEqual([room.told.at(-1), room.watch.identity], ["gone", ""]);
});

test("An agent that leaves on purpose is gone soon, and another one takes its place at once.", async () => {
  const room = new Room();
  room.comes(person("desk"));
  room.goes("desk", DisconnectReason.CLIENT_INITIATED);
  await room.clock.pass(1000);
  assert.equal(room.told.at(-1), "gone");
  room.comes(person("one"));
  room.goes("one");
  room.comes(person("two"));
  await room.clock.pass(10_000);
  assert.deepEqual([room.told.at(-1), room.watch.identity], ["known two", "two"]);
});

test("Who is missing while the line is mended is looked for afterwards.", async () => {
  const room = new Room();
  room.comes(person("desk"));
  room.watch.mends(true);
  room.goes("desk");
  await room.clock.pass(60_000);
  assert.equal(room.told.includes("gone"), false);
  room.watch.mends(false);
  await room.clock.pass(4999);
  assert.equal(room.told.includes("gone"), false);
  await room.clock.pass(1);
  assert.equal(room.told.at(-1), "gone");
});

test("Who came into the room anew is known again only when a track was taken.", async () => {
  const room = new Room();
  room.comes(person("desk", { "lk.agent.state": "listening" }));
  room.watch.hears();
  room.watch.anew();
  assert.equal(room.watch.linked, false);
  room.watch.hears();
  assert.deepEqual(room.told.filter((one) => one === "linked").length, 2);
});

test("A watch that is closed waits for nothing.", () => {
  const room = new Room();
  room.comes(person("desk"));
  room.goes("desk");
  room.watch.close();
  assert.equal(room.clock.waiting, 0);
});
