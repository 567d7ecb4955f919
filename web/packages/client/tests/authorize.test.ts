/** Asking for a session, and what a refusal says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { authorizer, VERSION, wish } from "../src/authorize.js";
import { SessionError } from "../src/error.js";
import type { SessionOptions } from "../src/types.js";
import { answer, FakeWorld, refusal } from "./fakes.js";

const REQUEST = wish({ agent: "desk" }, null);

function ask(world: FakeWorld, options: Partial<SessionOptions> = {}): Promise<unknown> {
  const { signal } = new AbortController();
  return authorizer("https://x.test", options, world.fetch)(REQUEST, signal);
}

async function refused(world: FakeWorld, options: Partial<SessionOptions> = {}): Promise<SessionError> {
  const error = await ask(world, options).then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SessionError, `got ${String(error)}`);
  return error;
}

test("The version that is reported is the package's.", () => {
  const text = readFileSync(`${process.cwd()}/package.json`, "utf8");
  assert.equal((JSON.parse(text) as { version: string }).version, VERSION);
});

test("A wish names the agent and what this client can do, and the right to come back.", () => {
  const kept = { token: "t", conversationId: "c", at: 1 };
  assert.deepEqual(wish({ agent: "desk", metadata: { a: 1 } }, kept), {
    agent_id: "desk",
    capabilities: ["binary", "mic16", "played", "resume", "agent_state", "tools"],
    sdk_version: `@duologue/client ${VERSION}`,
    metadata: { a: 1 },
    conversation_id: "c",
    resume_token: "t",
  });
  assert.deepEqual(Object.keys(REQUEST), ["agent_id", "capabilities", "sdk_version"]);
});

test("The door is asked with the public key, and without one with none.", async () => {
  const world = new FakeWorld();
  await ask(world, { publicKey: "dk_public_1" });
  await ask(world);
  assert.equal(world.asked[0]?.url, "https://x.test/v1/agents/web/authorize_session");
  assert.equal(world.asked[0]?.headers["authorization"], "Bearer dk_public_1");
  assert.equal("authorization" in world.asked[1]!.headers, false);
});

test("A refusal keeps the server's code, sentence, status and patience.", async () => {
  const world = new FakeWorld();
  world.replies.push(refusal(503, "overloaded", { "retry-after": "7" }));
  const { code, message, status, retryAfter } = await refused(world);
  assert.deepEqual([code, message, status, retryAfter], ["overloaded", "The sentence of overloaded.", 503, 7]);
});

test("A refusal that is not ours is named by its status.", async () => {
  const world = new FakeWorld();
  world.replies.push(new Response("<h1>Bad gateway</h1>", { status: 502 }));
  const { code, status, retryAfter } = await refused(world);
  assert.deepEqual([code, status, retryAfter], ["http_502", 502, null]);
});

test("A server that cannot be reached is named, and counts as no status.", async () => {
  const world = new FakeWorld();
  world.replies.push(new TypeError("Failed to fetch"));
  const error = await refused(world);
  assert.deepEqual([error.code, error.status], ["unreachable", 0]);
  assert.match(error.message, /https:\/\/x\.test/);
});

test("An answer that is none is refused with what it lacks.", async () => {
  for (const bad of ["null", "{}", '{"client_session_key":"k","conversation_id":"c","config":{}}', "<html>"]) {
    const world = new FakeWorld();
    world.replies.push(new Response(bad));
    const error = await refused(world);
    assert.equal(error.code, "bad_answer");
    assert.match(error.message, /client_session_key/);
  }
});

test("A page's own function is asked instead of the door.", async () => {
  const world = new FakeWorld();
  const given = answer();
  const seen: unknown[] = [];
  const authorize = async (request: unknown): Promise<typeof given> => {
    seen.push(request);
    return given;
  };
  assert.equal(await ask(world, { authorize }), given);
  assert.deepEqual([seen, world.asked], [[REQUEST], []]);
});

test("What a page's own function throws keeps its code and status where it has them.", async () => {
  const thrown = async (error: unknown): Promise<SessionError> =>
    refused(new FakeWorld(), { authorize: () => Promise.reject(error) });
  const own = new SessionError("mine", "Mine.", 403);
  assert.equal(await thrown(own), own);
  const like = await thrown({ code: "nope", message: "Nope.", status: 404 });
  assert.deepEqual([like.code, like.message, like.status], ["nope", "Nope.", 404]);
  const plain = await thrown(new TypeError("offline"));
  assert.deepEqual([plain.code, plain.message, plain.status], ["unreachable", "offline", 0]);
  assert.equal((await thrown(undefined)).message, "The page's own authorize failed.");
});
