/** What is typed to an agent in a room, until it says that it has it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LocalParticipant } from "livekit-client";
import type { AgentWatch } from "../../src/room/agent.js";
import { Letters } from "../../src/room/letters.js";
import { answer, settled } from "../fakes.js";
import { Clock } from "./clock.js";

/** A desk in a room of our server, or of somebody else's. */
class Desk {
  readonly clock = new Clock();
  readonly told: string[] = [];
  readonly typed = new Set<string>();
  readonly letters: Letters;

  constructor(ours: boolean) {
    const said = JSON.stringify({ attributes: ours ? { "duologue.claim": "c" } : {} });
    const token = `x.${Buffer.from(said).toString("base64url")}.y`;
    const me = {
      async sendText(text: string, { attributes }: { attributes: Record<string, string> }) {
        desk.told.push(`${text} ${attributes["duologue.typed"] ?? "without a name"}`);
      },
    };
    const desk = this;
    const agent = { linked: true, identity: "agent" };
    const hooks = {
      delivered: (id: string) => desk.told.push(`delivered ${id}`),
      unsure: () => [...desk.typed].forEach((id) => desk.type(id)),
      noPast() {},
    };
    this.letters = new Letters(
      () => me as unknown as LocalParticipant,
      agent as AgentWatch,
      answer({ token, resumed: null }),
      hooks,
      this.clock.after,
    );
    this.letters.look();
  }

  type(id = "typed-1"): void {
    this.typed.add(id);
    this.letters.send({ type: "client.response.text", content: "Hi.", id });
  }
}

test("A typed message has its name, and where nothing confirms it, it is asked for a few times.", async () => {
  const desk = new Desk(true);
  desk.type();
  await settled();
  assert.deepEqual(desk.told, ["Hi. typed-1"]);
  await desk.clock.pass(60_000);
  assert.deepEqual(desk.told, Array(4).fill("Hi. typed-1"));
});

test("However many wait for it, each is asked for a few times; and again where the line was another.", async () => {
  const desk = new Desk(true);
  const ids = ["a", "b", "c", "d", "e"];
  for (const id of ids) {
    desk.type(id);
    await desk.clock.pass(1000);
  }
  await desk.clock.pass(60_000);
  const counts = (): number[] => ids.map((id) => desk.told.filter((one) => one === `Hi. ${id}`).length);
  assert.deepEqual([counts(), desk.clock.waiting], [[4, 4, 4, 4, 4], 0]);
  desk.letters.holdsBack(true);
  desk.letters.holdsBack(false);
  desk.type("a");
  await settled();
  assert.deepEqual(counts(), [5, 4, 4, 4, 4]);
});

test("To an agent of somebody else's it goes once, as LiveKit's clients send it.", async () => {
  const desk = new Desk(false);
  desk.type();
  await settled();
  await desk.clock.pass(60_000);
  assert.deepEqual(desk.told, ["Hi. without a name", "delivered typed-1"]);
});

test("Who goes waits for no confirmation.", async () => {
  const desk = new Desk(true);
  desk.type();
  await settled();
  desk.letters.close();
  assert.equal(desk.clock.waiting, 0);
});
