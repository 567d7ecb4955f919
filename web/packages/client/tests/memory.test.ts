/** The right to come back: where it is kept, how long, and whose it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browserMemory, type Memory } from "../src/memory.js";
import { Resume } from "../src/resume.js";
import { FakeStorage, FakeWorld } from "./fakes.js";

const MINUTE = 60_000;

/** One origin's storage, and tabs that share it. */
class Browser {
  readonly local = new FakeStorage();
  readonly world = new FakeWorld();

  tab(session = new FakeStorage()): { session: FakeStorage; memory: Memory } {
    return { session, memory: browserMemory({ local: this.local, session }) };
  }

  page(memory: Memory | null): { right: Resume; told: boolean[] } {
    const told: boolean[] = [];
    return { right: new Resume("key", memory, this.world, (possible) => told.push(possible)), told };
  }
}

test("A page that reloads finds its token, and knows that it was there.", async () => {
  const browser = new Browser();
  const { session, memory } = browser.tab();
  browser.page(memory).right.attach("token", "conv", false);
  await browser.world.pass(1000);
  const { right } = browser.page(browser.tab(session).memory);
  assert.equal(right.possible, true);
  assert.equal(right.reloaded, true);
  assert.equal(right.newest()?.token, "token");
});

test("Another tab finds the token too, and knows that it was not there.", () => {
  const browser = new Browser();
  browser.page(browser.tab().memory).right.attach("token", "conv", false);
  const { right } = browser.page(browser.tab().memory);
  assert.equal(right.possible, true);
  assert.equal(right.reloaded, false);
});

test("A tab that left its conversation does not count as reloaded.", () => {
  const browser = new Browser();
  const { session, memory } = browser.tab();
  const { right } = browser.page(memory);
  right.attach("token", "conv", false);
  right.detach();
  assert.equal(right.possible, true);
  assert.equal(browser.page(browser.tab(session).memory).right.reloaded, false);
});

test("A tab whose line broke still counts as reloaded.", () => {
  const browser = new Browser();
  const { session, memory } = browser.tab();
  const { right } = browser.page(memory);
  right.attach("token", "conv", false);
  right.lost();
  assert.equal(browser.page(browser.tab(session).memory).right.reloaded, true);
});

test("The right ends five minutes after the line was last alive, and that is told.", async () => {
  const browser = new Browser();
  const { right, told } = browser.page(browser.tab().memory);
  right.attach("token", "conv", false);
  await browser.world.pass(60 * MINUTE);
  assert.equal(right.possible, true, "an open line keeps it");
  right.lost();
  await browser.world.pass(5 * MINUTE - 1);
  assert.deepEqual(told, [true]);
  await browser.world.pass(1);
  assert.deepEqual(told, [true, false]);
  assert.equal(right.newest(), null);
});

test("While the line is open its time is written down every ten seconds.", async () => {
  const browser = new Browser();
  const { memory } = browser.tab();
  browser.page(memory).right.attach("token", "conv", false);
  const at = memory.recall("key")!.at;
  await browser.world.pass(10_000);
  assert.equal(memory.recall("key")!.at, at + 10_000);
});

test("A tab whose conversation another took over leaves the newer token alone.", async () => {
  const browser = new Browser();
  const old = browser.page(browser.tab().memory).right;
  old.attach("old", "conv", false);
  const { memory } = browser.tab();
  browser.page(memory).right.attach("new", "conv", false);
  await browser.world.pass(10_000);
  old.detach();
  assert.equal(memory.recall("key")?.token, "new");
  assert.equal(old.own?.token, "old", "it does not snatch the line back by itself");
  old.forget();
  assert.equal(memory.recall("key")?.token, "new");
  assert.equal(old.newest()?.token, "new", "its user may");
});

test("A replaced tab writes no token: its storage may not show the newer one yet.", () => {
  const browser = new Browser();
  const { memory } = browser.tab();
  const old = browser.page(memory).right;
  old.attach("old", "conv", false);
  const stale = memory.recall("key");
  browser.page(browser.tab().memory).right.attach("new", "conv", false);
  const recall = memory.recall.bind(memory);
  memory.recall = () => stale;
  old.detach(true);
  assert.equal(recall("key")?.token, "new");
});

/** Two tabs in one conversation, the second of which came later. */
async function together(browser: Browser, shared: boolean): Promise<{ first: Resume; second: Resume }> {
  const first = browser.page(browser.tab().memory).right;
  first.attach("first", "conv", shared);
  await browser.world.pass(60_000);
  const second = browser.page(browser.tab().memory).right;
  second.attach("second", "conv", shared);
  return { first, second };
}

test("Where tabs share a conversation the newest token of any is everybody's, at once.", async () => {
  const browser = new Browser();
  const { first, second } = await together(browser, true);
  assert.equal(first.own?.token, "second");
  second.lost();
  second.attach("third", "conv", true);
  assert.equal(first.own?.token, "third");
  second.close();
  await browser.world.pass(10 * MINUTE);
  first.lost();
  assert.deepEqual([first.possible, first.newest()?.token], [true, "third"], "it kept the right alive");
});

test("Where a tab takes over, the one before shows its own token, however long its line lives on.", async () => {
  const browser = new Browser();
  const { first } = await together(browser, false);
  await browser.world.pass(60 * MINUTE);
  first.lost();
  assert.deepEqual([first.own?.token, first.elsewhere], ["first", true]);
});

test("Whether tabs share is what the newest answer says.", async () => {
  const browser = new Browser();
  const { first, second } = await together(browser, true);
  first.attach("third", "conv", false);
  second.attach("fourth", "conv", false);
  assert.equal(first.own?.token, "third");
  first.attach("fifth", "conv", true);
  second.attach("sixth", "conv", true);
  assert.equal(first.own?.token, "sixth");
});

test("Another conversation of another tab is never shared.", async () => {
  const browser = new Browser();
  const { right } = browser.page(browser.tab().memory);
  right.attach("ours", "conv", true);
  const { memory } = browser.tab();
  browser.page(memory).right.attach("theirs", "another", true);
  await browser.world.pass(MINUTE);
  right.lost();
  assert.deepEqual([right.own?.token, right.elsewhere], ["ours", false]);
  assert.equal(memory.recall("key")?.token, "theirs");
});

test("Who is thrown out while another tab goes on did not reload.", () => {
  const browser = new Browser();
  const { session, memory } = browser.tab();
  const { right } = browser.page(memory);
  right.attach("first", "conv", false);
  browser.page(browser.tab().memory).right.attach("second", "conv", false);
  right.forget();
  assert.equal(browser.page(browser.tab(session).memory).right.reloaded, false);
});

test("An answer without a token keeps the one of its conversation, and of no other.", () => {
  const browser = new Browser();
  const { right } = browser.page(browser.tab().memory);
  right.attach("token", "conv", false);
  right.attach(null, "conv", false);
  assert.equal(right.own?.token, "token");
  right.attach(null, "another", false);
  assert.deepEqual([right.own, right.possible, browser.local.length], [null, false, 0]);
});

test("Forgetting leaves nothing behind.", () => {
  const browser = new Browser();
  const { session, memory } = browser.tab();
  const { right, told } = browser.page(memory);
  right.attach("token", "conv", false);
  right.forget();
  assert.deepEqual([browser.local.length, session.length], [0, 0]);
  assert.deepEqual(told, [true, false]);
});

test("Without a memory the right lives as long as its object.", () => {
  const { right } = new Browser().page(null);
  right.attach("token", "conv", false);
  right.detach();
  assert.equal(right.newest()?.token, "token");
  assert.equal(right.reloaded, false);
});

test("Storage that throws, or holds nonsense, is no memory and no fault.", () => {
  const browser = new Browser();
  const { session, memory } = browser.tab();
  for (const nonsense of ["{", "null", "17", '{"token":1}', '{"token":"a","conversationId":"b"}']) {
    browser.local.kept.set("key", nonsense);
    assert.equal(memory.recall("key"), null);
  }
  browser.local.broken = session.broken = true;
  const { right } = browser.page(memory);
  right.attach("token", "conv", false);
  right.lost();
  assert.equal(right.newest()?.token, "token");
  assert.equal(browserMemory({ local: null, session: null }).recall("key"), null);
});

test("A closed right waits for nothing.", () => {
  const browser = new Browser();
  const { right } = browser.page(browser.tab().memory);
  right.attach("token", "conv", false);
  assert.equal(browser.world.waiting, 1);
  right.close();
  assert.equal(browser.world.waiting, 0);
});
