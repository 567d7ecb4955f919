/** Asking for a session, and what a refusal says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openedBy } from "../src/answer.js";
import { SessionError } from "../src/error.js";
import { asker, VERSION, wish } from "../src/opening.js";
import type { SessionOptions } from "../src/types.js";
import type { AuthorizeAnswer, Opening } from "../src/wire.js";
import { answer, FakeWorld, refusal } from "./fakes.js";

const BARE = { rooms: null, page: () => null };
const REQUEST = wish({ agent: "desk" }, null, BARE);
const CONFIG = answer().config;

function ask(world: FakeWorld, options: Partial<SessionOptions> = {}, base = "https://x.test"): Promise<Opening> {
  const { signal } = new AbortController();
  return asker(base, options, world)(REQUEST, signal);
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

test("A wish names the agent, the visitor and what this client can do, and the right to come back.", () => {
  const kept = { token: "t", conversationId: "c", at: 1 };
  const page = { url: "https://shop.test/cart", title: "Cart", path: "/cart" };
  const world = { rooms: async () => Promise.reject(new Error()), page: () => page };
  assert.deepEqual(wish({ agent: "desk", metadata: { a: 1 }, visitor: () => "v1" }, kept, world), {
    agent_id: "desk",
    transports: ["livekit", "websocket"],
    capabilities: ["binary", "mic16", "played", "resume", "agent_state", "tools"],
    participant_attributes: { "duologue.client": "1" },
    sdk_version: `@duologue/client ${VERSION}`,
    metadata: { a: 1 },
    visitor_id: "v1",
    page,
    conversation_id: "c",
    resume_token: "t",
  });
  assert.deepEqual(REQUEST.transports, ["websocket"]);
  assert.equal("visitor_id" in wish({ agent: "desk", visitor: () => null }, null, BARE), false);
});

test("A session that must be encrypted knows no socket.", () => {
  const encryption = { key: "k", worker: () => ({}) as Worker };
  const world = { ...BARE, rooms: async () => Promise.reject(new Error()) };
  const { transports, e2ee } = wish({ agent: "desk", encryption }, null, world);
  assert.deepEqual([transports, e2ee], [["livekit"], true]);
});

test("The door is asked with the public key, and without one with none.", async () => {
  const world = new FakeWorld();
  await ask(world, { publicKey: "dk_public_1" });
  await ask(world);
  assert.equal(world.asked[0]?.url, "https://x.test/api/widget/session");
  assert.equal(world.asked[0]?.headers["x-api-key"], "dk_public_1");
  assert.equal("x-api-key" in world.asked[1]!.headers, false);
});

test("Another endpoint is asked in the same words; a page's body adds to them, and names no agent.", async () => {
  const world = new FakeWorld();
  const sessionBody = { plan: "gold", transports: ["livekit"], agentId: "other" };
  await ask(world, { sessionEndpoint: "https://own.test/session", sessionBody });
  const [asked] = world.asked;
  assert.equal(asked?.url, "https://own.test/session");
  assert.deepEqual(asked.body, {
    plan: "gold",
    transports: ["livekit"],
    capabilities: REQUEST.capabilities,
    participant_attributes: REQUEST.participant_attributes,
    agentId: "desk",
  });
});

test("A refusal keeps the server's code, sentence, status and patience.", async () => {
  const world = new FakeWorld();
  world.replies.push(refusal(503, "overloaded", { "retry-after": "7" }));
  const { code, message, status, retryAfter } = await refused(world);
  assert.deepEqual([code, message, status, retryAfter], ["overloaded", "The sentence of overloaded.", 503, 7]);
  assert.deepEqual(world.complaints, []);
});

test("A page that is refused for where it is tells its builder once what to do.", async () => {
  const world = new FakeWorld();
  for (let time = 0; time < 2; time++) {
    world.replies.push(refusal(403, "origin_refused"));
    assert.equal((await refused(world)).code, "origin_refused");
  }
  assert.equal(world.complaints.length, 1);
  assert.match(world.complaints[0]!, /keys create --kind public --agent desk --origin https:\/\/example\.test/);
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
  assert.match(world.complaints[0] ?? "", /hides why it refuses/);
});

test("An answer that is none is refused with what it lacks.", async () => {
  const bodies = ["null", "{}", '{"client_session_key":"k","conversation_id":"c","config":{}}', "<html>"];
  const pathless = JSON.stringify({ conversation_id: "c", config: CONFIG, token: "t" });
  for (const bad of [...bodies, pathless]) {
    const world = new FakeWorld();
    world.replies.push(new Response(bad));
    const error = await refused(world);
    assert.equal(error.code, "bad_answer");
    assert.match(error.message, /url and token/);
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
  assert.deepEqual(await ask(world, { authorize }), given);
  assert.deepEqual([seen, world.asked], [[REQUEST], []]);
});

test("An answer of Layercode's door opens the socket beside it.", async () => {
  const given: AuthorizeAnswer = {
    client_session_key: "dk_session_x",
    conversation_id: "c",
    session_id: "s",
    resume_token: "r",
    resumed: "live",
    config: { ...CONFIG, recorded: false, vad: { enabled: false, gate_audio: false, buffer_frames: 1 }, audio: CONFIG.audio! },
  };
  const opening = await ask(new FakeWorld(), { authorize: async () => given });
  assert.equal(opening.url, "wss://x.test/v1/agents/web/websocket");
  const { transport, token, conversation_id, resume_token, resumed, resumable } = opening;
  assert.deepEqual(
    [transport, token, conversation_id, resume_token, resumed, resumable],
    ["websocket", "dk_session_x", "c", "r", "live", true],
  );
});

test("A server that does not know of the proxy before it is reached as safely as the page was.", async () => {
  const said = async (url: string, base: string): Promise<string> =>
    (await ask(new FakeWorld(), { authorize: async () => answer({ url }) }, base)).url;
  assert.equal(await said("ws://x.test/v1", "https://x.test"), "wss://x.test/v1");
  assert.equal(await said("ws://y.test/v1", "https://x.test"), "ws://y.test/v1");
  assert.equal(await said("ws://x.test/v1", "http://x.test"), "ws://x.test/v1");
});

test("A ticket opens a socket or a room, by what its token is.", () => {
  const socket = openedBy({ url: "wss://x.test", token: "dk_session_x" });
  const room = openedBy({ url: "wss://x.test", token: "a.b.c", roomName: "r", resumeToken: "t" });
  assert.deepEqual([socket.transport, socket.config.audio?.input_rate, socket.resumable], ["websocket", 16_000, false]);
  assert.deepEqual([room.transport, room.room_name, room.config.audio, room.resumable], ["livekit", "r", undefined, true]);
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
