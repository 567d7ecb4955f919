/** The microphone of a page: asked for, refused, changed, pulled out, given back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { desk, Track } from "./devices.js";

const frame = () => ({ type: "frame" as const, pcm: new ArrayBuffer(1280), level: -35 });

test("A microphone that is given is on, and the devices have names by then.", async () => {
  const { devices, microphone, told, says } = desk();
  await microphone.start();
  says(frame());
  assert.deepEqual(told, ["asking", "on", "devices 2", "frame 640"]);
  assert.equal(microphone.level, 0.5);
  assert.deepEqual(devices.live, ["built-in"]);
});

for (const [error, state] of [
  ["NotAllowedError", "denied"],
  ["SecurityError", "denied"],
  ["NotFoundError", "missing"],
  ["NotReadableError", "lost"],
] as const) {
  test(`A ${error} makes it ${state}, and asking again may help.`, async () => {
    const { devices, microphone, told } = desk();
    devices.refuses = error;
    await microphone.start();
    assert.deepEqual(told.splice(0), ["asking", state]);
    devices.refuses = null;
    await microphone.start();
    assert.deepEqual(told, ["asking", "on", "devices 2"]);
  });
}

test("A page that may have no microphone says so.", async () => {
  const { microphone, told } = desk();
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  await microphone.start();
  assert.deepEqual(told, ["unsupported"]);
});

test("Another device takes over at once, and the first is given back.", async () => {
  const { devices, microphone, told } = desk();
  await microphone.start("built-in");
  told.length = 0;
  await microphone.start("headset");
  assert.deepEqual(devices.live, ["headset"]);
  assert.deepEqual(told, ["devices 2"], "it was never off");
});

test("A device that is not there any more is replaced by any.", async () => {
  const { devices, microphone } = desk();
  await microphone.start("sold");
  assert.deepEqual(devices.live, ["built-in"]);
});

test("One that cannot be changed goes on.", async () => {
  const { devices, microphone, told, says } = desk();
  await microphone.start();
  told.length = 0;
  devices.refuses = "NotReadableError";
  await microphone.start("headset");
  says(frame());
  assert.deepEqual(told, ["frame 640"]);
  assert.deepEqual(devices.live, ["built-in"]);
});

test("One that is pulled out is replaced by another.", async () => {
  const { devices, microphone, told, settle } = desk();
  await microphone.start("headset");
  told.length = 0;
  devices.plugged = ["built-in"];
  devices.tracks[0]?.pull();
  await settle();
  assert.deepEqual(told, ["asking", "on", "devices 1", "replaced by built-in"]);
  assert.deepEqual(devices.live, ["built-in"]);
});

test("A track of the page is heard, and left to the page when it is not wanted any more.", async () => {
  const { devices, microphone, told } = desk();
  const track = new Track("page");
  Object.assign(globalThis, {
    MediaStream: class {
      readonly getAudioTracks = (): Track[] => [track];
    },
  });
  await microphone.start(track as unknown as MediaStreamTrack);
  assert.deepEqual([told, devices.tracks], [["on", "devices 2"], []]);
  microphone.stop();
  assert.deepEqual([told, track.live], [["on", "devices 2", "off"], true]);
});

test("Where a track of the page's ends, nobody is heard instead, whatever is plugged in.", async () => {
  const { devices, microphone, told, settle } = desk();
  const track = new Track("page");
  Object.assign(globalThis, {
    MediaStream: class {
      readonly getAudioTracks = (): Track[] => [track];
    },
  });
  await microphone.start(track as unknown as MediaStreamTrack);
  track.pull();
  await settle();
  devices.dispatchEvent(new Event("devicechange"));
  await settle();
  assert.deepEqual([told, devices.tracks], [["on", "devices 2", "off", "replaced by null", "devices 2"], []]);
  await microphone.start();
  assert.deepEqual(devices.live, ["built-in"]);
});

test("The last one that is pulled out is lost, until one is plugged in.", async () => {
  const { devices, microphone, told, says, settle } = desk();
  await microphone.start();
  told.length = 0;
  devices.plugged = [];
  devices.tracks[0]?.pull();
  await settle();
  says(frame());
  assert.deepEqual(told.splice(0), ["asking", "lost"]);
  assert.equal(microphone.level, 0);
  devices.plugged = ["headset"];
  devices.dispatchEvent(new Event("devicechange"));
  await settle();
  assert.deepEqual(told, ["devices 1", "asking", "on", "devices 1"]);
  assert.deepEqual(devices.live, ["headset"]);
});

test("A browser that keeps its devices secret gives a microphone, and another when it is pulled out.", async () => {
  const { devices, microphone, told, settle } = desk();
  devices.secret = true;
  await microphone.start("headset");
  devices.dispatchEvent(new Event("devicechange"));
  devices.plugged = ["built-in"];
  devices.tracks[0]?.pull();
  await settle();
  await new Promise(setImmediate); // Node would report a rejection that nobody handles
  assert.deepEqual(told, ["asking", "on", "asking", "on", "replaced by built-in"]);
  assert.deepEqual(devices.live, ["built-in"]);
});

test("A microphone that the context cannot take is lost and given back; one in use goes on.", async () => {
  const { context, devices, microphone, told } = desk();
  context.refuses = "NotSupportedError";
  await microphone.start();
  assert.deepEqual(told.splice(0), ["asking", "lost"]);
  assert.deepEqual(devices.live, []);
  context.refuses = null;
  await microphone.start("built-in");
  told.length = 0;
  context.refuses = "NotSupportedError";
  await microphone.start("headset");
  assert.deepEqual([told, devices.live], [[], ["built-in"]]);
});

test("The device that is heard is known: the chosen one, the next one when it is gone, none when all is over.", async () => {
  const { devices, microphone, settle } = desk();
  assert.equal(microphone.id, null);
  await microphone.start("headset");
  assert.equal(microphone.id, "headset");
  devices.plugged = ["built-in"];
  devices.tracks[0]?.pull();
  await settle();
  assert.equal(microphone.id, "built-in");
  await microphone.start("headset");
  assert.equal(microphone.id, "built-in");
  microphone.stop();
  assert.equal(microphone.id, null);
});

test("A new device is told, and changes nothing while one is on.", async () => {
  const { devices, microphone, told, settle } = desk();
  await microphone.start();
  told.length = 0;
  devices.plugged.push("desk");
  devices.dispatchEvent(new Event("devicechange"));
  await settle();
  assert.deepEqual(told, ["devices 3"]);
});

test("Muted, nothing is sent and the track is silent; then it goes on.", async () => {
  const { devices, microphone, told, says } = desk();
  await microphone.start();
  told.length = 0;
  microphone.setMuted(true);
  says(frame());
  says({ type: "voice", what: "began", over: true });
  assert.equal(devices.tracks[0]?.enabled, false);
  microphone.setMuted(false);
  says(frame());
  assert.equal(devices.tracks[0]?.enabled, true);
  assert.deepEqual(told, ["muted", "on", "frame 640"]);
});

test("A microphone that is muted beforehand begins muted.", async () => {
  const { devices, microphone, told } = desk();
  microphone.setMuted(true);
  await microphone.start();
  assert.deepEqual(told, ["asking", "muted", "devices 2"]);
  assert.equal(devices.tracks[0]?.enabled, false);
});

test("Behind a closed gate nothing is sent, though it stays on.", async () => {
  const { microphone, told, says } = desk();
  await microphone.start();
  told.length = 0;
  microphone.setGate(false);
  says(frame());
  microphone.setGate(true);
  says(frame());
  assert.deepEqual(told, ["frame 640"]);
});

test("An answer that comes after a stop, or after another wish, is given back.", async () => {
  const { devices, microphone, told, settle } = desk();
  devices.holds = true;
  const first = microphone.start("built-in");
  const second = microphone.start("headset");
  await settle();
  devices.answer();
  await Promise.all([first, second]);
  assert.deepEqual(devices.live, ["headset"]);
  const third = microphone.start("built-in");
  await settle();
  microphone.stop();
  devices.answer();
  await third;
  assert.deepEqual(devices.live, []);
  assert.equal(told.at(-1), "off");
});

test("Closed, it gives the device back and hears nothing any more.", async () => {
  const { devices, microphone, told, says, settle } = desk();
  await microphone.start();
  microphone.close();
  told.length = 0;
  microphone.close();
  devices.dispatchEvent(new Event("devicechange"));
  devices.tracks[0]?.pull();
  says(frame());
  await settle();
  assert.deepEqual(told, []);
  assert.deepEqual(devices.live, []);
});
