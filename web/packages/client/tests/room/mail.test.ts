/** Letters to an agent that is not always there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Mail } from "../../src/room/mail.js";
import { settled } from "../fakes.js";
import { Clock } from "./clock.js";

class Office {
  readonly clock = new Clock();
  readonly told: string[] = [];
  readonly mail = new Mail((id) => this.told.push(`delivered ${id}`), this.clock.after);
  broken = false;

  post(id: string | null, text: string): void {
    const send = async (): Promise<void> => {
      if (this.broken) throw new Error("the room mends itself");
      this.told.push(text);
    };
    this.mail.post({ id, send });
  }
}

test("Letters wait for the agent, and leave in order.", async () => {
  const office = new Office();
  office.post("1", "hello");
  office.post(null, "data");
  await settled();
  assert.deepEqual(office.told, []);
  office.mail.opens(true);
  await settled();
  office.post("2", "bye");
  await settled();
  assert.deepEqual(office.told, ["hello", "delivered 1", "data", "bye", "delivered 2"]);
});

test("A typed message that waits is not put behind itself; one that is out can be sent again.", async () => {
  const office = new Office();
  office.post("1", "hello");
  office.post("1", "hello");
  office.mail.opens(true);
  await settled();
  assert.deepEqual(office.told, ["hello", "delivered 1"]);
  office.post("1", "hello");
  await settled();
  assert.deepEqual(office.told.slice(2), ["hello", "delivered 1"]);
});

test("What fails is sent again a second later, and nothing overtakes it.", async () => {
  const office = new Office();
  office.mail.opens(true);
  office.broken = true;
  office.post("1", "hello");
  await settled();
  office.broken = false;
  assert.deepEqual(office.told, []);
  await office.clock.pass(1000);
  assert.deepEqual(office.told, ["hello", "delivered 1"]);
});

test("An office that is closed sends nothing, and waits for nothing.", async () => {
  const office = new Office();
  office.mail.opens(true);
  office.broken = true;
  office.post("1", "hello");
  await settled();
  office.mail.close();
  office.broken = false;
  office.post("2", "bye");
  await office.clock.pass(10_000);
  assert.deepEqual([office.told, office.clock.waiting], [[], 0]);
});
