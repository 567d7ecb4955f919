import assert from "node:assert/strict";
import { test } from "node:test";
import { MicrophoneStore } from "../src/microphone/store.js";
import { stateOf } from "../src/microphone/words.js";
import { FakeCarrier, settled } from "./fakes.js";

function microphone(): { carrier: FakeCarrier; store: MicrophoneStore; told: () => number } {
  // A browser without microphones, as Node is none.
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  const carrier = new FakeCarrier();
  const store = new MicrophoneStore(carrier);
  let told = 0;
  store.subscribe(() => (told += 1));
  return { carrier, store, told: () => told };
}

test("it is taken whenever the line opens, once for all who ask for it", async () => {
  const { carrier, store } = microphone();
  store.publishing();
  store.publishing();
  assert.deepEqual(carrier.calls, []);
  carrier.become({ connected: true });
  await settled();
  assert.deepEqual(carrier.calls, ["publish any"]);
  carrier.become({ connected: false, state: "off" });
  carrier.become({ connected: true });
  await settled();
  assert.deepEqual(carrier.calls, ["publish any", "publish any"]);
});

test("one that the user turned off stays off until the next connection", async () => {
  const { carrier, store } = microphone();
  store.publishing();
  carrier.become({ connected: true });
  await settled();
  await store.snapshot().disable();
  carrier.become({ connected: true });
  await settled();
  assert.deepEqual(carrier.calls, ["publish any", "unpublish"]);
});

test("one that the user turned off stays off when a line that broke is back", async () => {
  const { carrier, store } = microphone();
  store.publishing();
  carrier.become({ connected: true });
  await settled();
  await store.snapshot().disable();
  carrier.become({ connected: false, mending: true });
  carrier.become({ connected: true, mending: false });
  await settled();
  assert.deepEqual(carrier.calls, ["publish any", "unpublish"]);
});

test("a refusal is over with the call that it was in", async () => {
  const { carrier, store } = microphone();
  carrier.refuses = new Error("not allowed");
  carrier.become({ connected: true, state: "denied" });
  await store.snapshot().enable();
  assert.equal(store.snapshot().errorCode, "MIC_PERMISSION_DENIED");
  carrier.become({ connected: false, state: "off" });
  assert.equal(store.snapshot().error, null);
});

test("nobody who asks for it, nobody who takes it", async () => {
  const { carrier, store } = microphone();
  store.publishing()();
  carrier.become({ connected: true });
  await settled();
  assert.deepEqual(carrier.calls, []);
});

test("whoever asks when the line is open has it at once", async () => {
  const { carrier, store } = microphone();
  carrier.become({ connected: true });
  store.publishing();
  await settled();
  assert.deepEqual(carrier.calls, ["publish any"]);
});

test("one button takes it, mutes it and unmutes it", async () => {
  const { store } = microphone();
  const { toggle } = store.snapshot();
  const seen = [];
  for (let time = 0; time < 3; time += 1) {
    await toggle();
    seen.push([store.snapshot().state, store.snapshot().isMuted]);
  }
  assert.deepEqual(seen, [
    ["on", false],
    ["muted", true],
    ["on", false],
  ]);
});

test("a refusal is a code and a sentence that says what to do", () => {
  const { carrier, store } = microphone();
  const codes = (["denied", "missing", "lost", "unsupported"] as const).map((state) => {
    carrier.become({ state });
    return store.snapshot().errorCode;
  });
  assert.deepEqual(codes, [
    "MIC_PERMISSION_DENIED",
    "MIC_NOT_FOUND",
    "MIC_LOST",
    "MIC_UNSUPPORTED",
  ]);
  carrier.become({ state: "denied" });
  assert.equal(store.snapshot().permission, "denied");
  assert.match(store.snapshot().error ?? "", /address bar/);
});

test("what a browser cannot explain is told in its own words, and forgotten with the next try", async () => {
  const { carrier, store } = microphone();
  carrier.refuses = new Error("Could not start audio source");
  await store.snapshot().enable();
  assert.equal(store.snapshot().errorCode, "MIC_FAILED");
  assert.match(store.snapshot().error ?? "", /Could not start audio source/);
  carrier.refuses = null;
  await store.snapshot().enable("usb");
  assert.equal(store.snapshot().errorCode, null);
  assert.equal(store.snapshot().deviceId, "usb");
});

test("nothing is told where nothing changed", () => {
  const { carrier, told } = microphone();
  carrier.become({ connected: true });
  const before = told();
  carrier.become({ connected: true });
  assert.equal(told(), before);
});

test("only a microphone that is on is loud, in coarse steps for what is written", () => {
  const { carrier, store } = microphone();
  assert.equal(store.level, 0);
  carrier.become({ state: "on" });
  assert.equal(store.level, 0.51);
  assert.equal(store.coarse(), 0.5);
});

test("the browser's refusals are states", () => {
  const named = (name: string): Error => Object.assign(new Error(), { name });
  assert.equal(stateOf(named("NotAllowedError")), "denied");
  assert.equal(stateOf(named("NotFoundError")), "missing");
  assert.equal(stateOf(named("AbortError")), null);
  assert.equal(stateOf(null), null);
});

test("the one that is heard is shown, and what became of another is said while the line stands", () => {
  const { carrier, store } = microphone();
  carrier.become({ connected: true, state: "on", deviceId: "desk", notice: "The microphone is gone." });
  assert.deepEqual([store.snapshot().deviceId, store.snapshot().notice], ["desk", "The microphone is gone."]);
  carrier.become({ connected: false, state: "off", deviceId: null });
  assert.deepEqual([store.snapshot().deviceId, store.snapshot().notice], [null, null]);
});
