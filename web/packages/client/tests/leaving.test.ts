/** How a session ends, or does not begin. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionError } from "../src/error.js";
import { refusal, settled } from "./fakes.js";
import { Talk } from "./talk.js";

async function failure(work: Promise<unknown>): Promise<SessionError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SessionError, `got ${String(error)}`);
  return error;
}

test("Leaving says so, closes with 1000, lets go of the sound, and may be resumed.", async () => {
  const talk = await Talk.open();
  talk.session.disconnect();
  talk.session.disconnect();
  assert.equal(talk.line.types.at(-1), "client.end");
  assert.equal(talk.line.closedWith, 1000);
  assert.equal(talk.world.loudspeaker.did.at(-1), "close");
  assert.deepEqual(talk.told, ["disconnected"]);
  assert.deepEqual([talk.session.canResume(), talk.session.failure], [true, null]);
  assert.deepEqual([talk.session.microphone, talk.session.sound], ["off", "off"]);
});

test("Leaving while it connects cancels, wherever it stands.", async () => {
  for (const far of [0, 1]) {
    const talk = new Talk();
    const connected = talk.session.connect();
    if (far === 1) await settled();
    talk.session.disconnect();
    assert.equal((await failure(connected)).code, "left");
    await settled();
    assert.equal(talk.session.state, "disconnected");
    assert.equal(talk.world.sockets.length, far);
    for (const socket of talk.world.sockets) assert.equal(socket.closedWith, 4000);
  }
});

test("An authorize that fails after the user left is nobody's failure.", async () => {
  let refuse = (_: Error): void => {};
  const authorize = (): Promise<never> => new Promise((_, reject) => (refuse = reject));
  const talk = new Talk({ authorize });
  const connected = talk.session.connect();
  await settled();
  talk.session.disconnect();
  refuse(new SessionError("mine", "Mine.", 403));
  assert.equal((await failure(connected)).code, "left");
  await settled();
  assert.deepEqual(talk.told, ["connecting", "disconnected"]);
});

test("Sound that is closed while it opens is no failure, and not the next one's end.", async () => {
  const talk = new Talk();
  let refuse = (_: Error): void => {};
  talk.world.soundOpens = new Promise((_, reject) => (refuse = reject));
  void talk.session.connect();
  await settled();
  talk.session.disconnect();
  talk.world.soundOpens = null;
  void talk.session.connect();
  await settled();
  refuse(new Error("The audio was closed while it opened."));
  await settled();
  assert.equal(talk.told.includes("error sound_failed"), false);
  assert.equal(talk.session.sound, "on");
});

test("A microphone that is asked for while the sound opens is asked for once.", async () => {
  const talk = new Talk();
  let opens = (): void => {};
  talk.world.soundOpens = new Promise((done) => (opens = done));
  void talk.session.connect();
  await settled();
  const enabled = talk.session.enableMicrophone("usb");
  opens();
  await enabled;
  assert.deepEqual(talk.world.loudspeaker.did.filter((deed) => deed.startsWith("microphone")), [
    "microphone usb",
  ]);
});

test("A closed session holds no timer, no listener and no sound, in whatever state it was.", async () => {
  for (const when of ["idle", "connecting", "connected", "reconnecting", "disconnected"]) {
    const talk = when === "connected" || when === "reconnecting" ? await Talk.open() : new Talk();
    if (when === "connecting" || when === "disconnected") void talk.session.connect();
    await settled();
    if (when === "reconnecting") await talk.line.ends(1006);
    if (when === "disconnected") talk.session.disconnect();
    assert.equal(talk.session.state, when);
    talk.session.close();
    talk.session.close();
    await talk.world.pass(600_000);
    assert.equal(talk.world.waiting, 0, when);
    assert.equal((await failure(talk.session.connect())).code, "closed");
  }
});

test("A refusal while it connects is final, and says why.", async () => {
  for (const [status, code] of [[402, "insufficient_balance"], [404, "agent_not_found"], [503, "overloaded"]] as const) {
    const talk = new Talk();
    talk.world.replies.push(refusal(status, code));
    const error = await failure(talk.session.connect());
    assert.deepEqual([error.code, error.status, talk.session.failure], [code, status, error]);
    assert.deepEqual(talk.told, ["connecting", "failed", `error ${code}`]);
  }
});

test("A socket that never opens fails the connection.", async () => {
  const talk = new Talk();
  const connected = talk.session.connect();
  await settled();
  await talk.world.pass(10_000);
  assert.equal((await failure(connected)).code, "unreachable");
  assert.equal(talk.session.state, "failed");
  assert.equal(talk.line.closedWith, 4000);
});

test("After a failure it connects anew.", async () => {
  const talk = new Talk();
  talk.world.replies.push(refusal(503, "overloaded"));
  await failure(talk.session.connect());
  const again = talk.session.connect();
  assert.equal(talk.session.failure, null);
  await settled();
  await talk.line.open();
  await again;
  assert.equal(talk.session.state, "connected");
});

test("A page that leaves from within its own listener has left.", async () => {
  const talk = new Talk();
  talk.session.on("state", (state) => state === "connected" && talk.session.disconnect());
  void talk.session.connect();
  await settled();
  await talk.line.open();
  assert.equal(talk.session.state, "disconnected");
  assert.deepEqual(talk.line.types, ["client.end"]);
});
