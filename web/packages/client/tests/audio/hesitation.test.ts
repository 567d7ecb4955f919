import assert from "node:assert/strict";
import { test } from "node:test";
import { Hesitation } from "../../src/audio/hesitation.js";

test("A voice over the agent pauses it, and 250 ms after a short one it goes on.", () => {
  const hesitation = new Hesitation();
  assert.equal(hesitation.began(1000, true), "pause");
  hesitation.ended(1300);
  assert.equal(hesitation.due, 1550);
  assert.equal(hesitation.at(1549), null);
  assert.equal(hesitation.at(1550), "resume");
  assert.equal(hesitation.due, null);
  assert.equal(hesitation.at(9999), null, "once");
});

test("A voice that goes on holds the agent for 1.2 s and no longer.", () => {
  const hesitation = new Hesitation();
  hesitation.began(0, true);
  assert.equal(hesitation.at(1199), null);
  assert.equal(hesitation.at(1200), "resume");
});

test("A voice that ends just before 1.2 s does not make the pause longer.", () => {
  const hesitation = new Hesitation();
  hesitation.began(0, true);
  hesitation.ended(1100);
  assert.equal(hesitation.due, 1200);
});

test("A second voice within the pause keeps it, but not beyond the first one's 1.2 s.", () => {
  const hesitation = new Hesitation();
  hesitation.began(0, true);
  hesitation.ended(300);
  assert.equal(hesitation.began(500, false), null, "it is paused already");
  assert.equal(hesitation.at(550), null);
  assert.equal(hesitation.at(1200), "resume");
});

test("A voice while the agent is silent changes nothing.", () => {
  const hesitation = new Hesitation();
  assert.equal(hesitation.began(0, false), null);
  hesitation.ended(300);
  assert.equal(hesitation.due, null);
});

test("A turn that was dropped is not resumed.", () => {
  const hesitation = new Hesitation();
  hesitation.began(0, true);
  hesitation.cancel();
  assert.equal(hesitation.at(5000), null);
  assert.equal(hesitation.began(6000, true), "pause", "the next voice counts afresh");
  assert.equal(hesitation.due, 7200);
});
