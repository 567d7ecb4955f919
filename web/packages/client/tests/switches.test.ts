/** LiveKit's own switches of a microphone move the session's; everybody else's do not. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { Room } from "livekit-client";
import type { MicrophoneState } from "../src/audio/seam.js";
import { follow, OURS } from "../src/switches.js";

function inRoom(microphone: MicrophoneState, pushToTalk = false) {
  const did: string[] = [];
  const localParticipant = {};
  const room = Object.assign(new EventEmitter(), { localParticipant });
  const session = {
    microphone,
    pushToTalk,
    publishMicrophone: async () => void did.push("publish"),
    setMuted: (muted: boolean) => void did.push(muted ? "mute" : "unmute"),
  };
  follow(room as unknown as Room, session, ({ code }) => void did.push(code));
  const ours = { source: "microphone", trackName: OURS };
  const says = (event: string, publication: object = ours, of: object = localParticipant): string[] => {
    room.emit(event, publication, of);
    return did.splice(0);
  };
  return { says, ours, room, did };
}

test("Who switches the silence on wants to be heard, also after it was refused once.", () => {
  for (const state of ["off", "denied", "missing", "lost"] as const) {
    assert.deepEqual(inRoom(state).says("trackUnmuted"), ["publish"]);
  }
});

test("A switch that is moved while there is a microphone mutes it, and no more.", () => {
  assert.deepEqual(inRoom("on").says("trackMuted"), ["mute"]);
  assert.deepEqual(inRoom("muted").says("trackUnmuted"), ["unmute"]);
});

test("What the session itself did, and the button of push-to-talk, moves nothing.", () => {
  assert.deepEqual(inRoom("on").says("trackUnmuted"), []);
  assert.deepEqual(inRoom("asking").says("trackUnmuted"), []);
  assert.deepEqual(inRoom("muted").says("trackMuted"), []);
  assert.deepEqual(inRoom("off").says("trackMuted"), []);
  assert.deepEqual(inRoom("on", true).says("trackMuted"), []);
});

test("A track of the page's own, another's, and a picture are nobody's switch.", () => {
  const { says, ours } = inRoom("off");
  assert.deepEqual(says("trackUnmuted", { ...ours, trackName: "" }), []);
  assert.deepEqual(says("trackUnmuted", { ...ours, source: "camera" }), []);
  assert.deepEqual(says("trackUnmuted", ours, {}), []);
});

test("A device that LiveKit did not get is told where it is the microphone.", () => {
  const { room, did } = inRoom("off");
  const denied = Object.assign(new Error("no"), { name: "NotAllowedError" });
  room.emit("mediaDevicesError", denied, "videoinput");
  room.emit("mediaDevicesError", denied, "audioinput");
  assert.deepEqual(did, ["MIC_PERMISSION_DENIED"]);
});
