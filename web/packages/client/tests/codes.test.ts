/** What `onError` calls a failure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, microphoneRefused, microphoneTrouble } from "../src/codes.js";
import { SessionError } from "../src/error.js";

const called = (code: string, lost = false): string => codeOf(new SessionError(code, "Words."), lost);

test("What the door says is what the page is told.", () => {
  for (const code of ["key_wrong_org", "key_expired", "agent_has_no_org", "overloaded", "unreachable"]) {
    assert.equal(called(code), code);
  }
});

test("The end of a line that was open is ROOM_DISCONNECT, whoever ended it and why.", () => {
  for (const code of ["line_lost", "ended", "replaced", "insufficient_balance", "going_away", "key_expired"]) {
    assert.equal(called(code, true), "ROOM_DISCONNECT");
  }
  for (const code of ["ended", "replaced", "removed", "line_lost"]) {
    assert.equal(called(code), "ROOM_DISCONNECT");
  }
});

test("An agent that does not come has its own code, also in a room that is open.", () => {
  assert.deepEqual([called("agent_timeout"), called("agent_timeout", true)], ["AGENT_TIMEOUT", "AGENT_TIMEOUT"]);
  assert.equal(called("agent_left", true), "agent_left");
});

test("A microphone is refused, or there is none; all else is no trouble.", () => {
  const told = (["denied", "missing", "lost", "unsupported"] as const).map(microphoneTrouble);
  assert.deepEqual(
    told.map((error) => error?.code),
    ["MIC_PERMISSION_DENIED", "MIC_NOT_FOUND", "MIC_NOT_FOUND", "MIC_NOT_FOUND"],
  );
  assert.deepEqual(
    told.map((error) => codeOf(error as SessionError, true)),
    ["MIC_PERMISSION_DENIED", "MIC_NOT_FOUND", "MIC_NOT_FOUND", "MIC_NOT_FOUND"],
  );
  for (const state of ["off", "asking", "on", "muted"] as const) assert.equal(microphoneTrouble(state), null);
});

test("What LiveKit's own way to a microphone throws has the same two codes.", () => {
  const code = (name: string): string => microphoneRefused(Object.assign(new Error("x"), { name })).code;
  assert.deepEqual(["NotAllowedError", "SecurityError"].map(code), Array(2).fill("MIC_PERMISSION_DENIED"));
  assert.deepEqual(["NotFoundError", "NotReadableError"].map(code), Array(2).fill("MIC_NOT_FOUND"));
});
