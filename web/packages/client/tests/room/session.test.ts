/** A session whose road is a room, as the session sees it. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { Room } from "livekit-client";
import type { SessionError } from "../../src/error.js";
import type { Road, RoadEnd, RoadHooks, RoomGiven } from "../../src/road.js";
import { follow } from "../../src/switches.js";
import type { SessionOptions } from "../../src/types.js";
import type { ClientMessage, Opening } from "../../src/wire.js";
import { answer, FakeAudio, settled } from "../fakes.js";
import { Talk } from "../talk.js";

class FakeRoad implements Road {
  readonly transport = "livekit";
  room: Room | null = null;
  readonly mends = true;
  readonly sent: ClientMessage[] = [];
  readonly did: string[] = [];
  readonly hooks: RoadHooks;

  constructor(readonly given: RoomGiven) {
    this.hooks = given.hooks;
  }

  send(message: ClientMessage): boolean {
    this.sent.push(message);
    return true;
  }

  sendSound(): void {}

  leave(): void {
    this.did.push("leave");
  }

  abandon(): void {
    this.did.push("abandon");
  }

  async publish(what: string): Promise<void> {
    this.did.push(`show ${what}`);
    if (what === "screen") throw new DOMException("Nobody picked one.", "NotAllowedError");
  }

  async unpublish(what: string): Promise<void> {
    this.did.push(`hide ${what}`);
  }
}

const END: RoadEnd = {
  move: "dropped",
  mayReturn: true,
  status: 0,
  why: { code: "unreachable", message: "The room was lost." },
};

function room(given: Partial<Opening> = {}): Opening {
  const { audio: _, vad: __, ...config } = answer().config;
  const like = { transport: "livekit", url: "ws://rooms.test", token: "a.b.c", room_name: "r" } as const;
  return answer({ ...like, config: { ...config, capabilities: [] }, ...given });
}

class RoomTalk extends Talk {
  readonly roads: FakeRoad[] = [];
  readonly audios: FakeAudio[] = [];

  constructor(options: Partial<SessionOptions> = {}) {
    super(options);
    this.world.rooms = async () => ({
      audio: (given, hooks) => {
        const audio = new FakeAudio(given, hooks, this.world);
        this.audios.push(audio);
        return audio;
      },
      enter: (given) => {
        const road = new FakeRoad(given);
        this.roads.push(road);
        return road;
      },
      follow,
    });
  }

  static async begin(options: Partial<SessionOptions> = {}, reply = room()): Promise<RoomTalk> {
    const talk = new RoomTalk(options);
    talk.world.replies.push(reply);
    const connected = talk.session.connect();
    await settled();
    talk.road.hooks.opened(false);
    await connected;
    await settled();
    talk.told.length = 0;
    return talk;
  }

  get road(): FakeRoad {
    return this.roads.at(-1)!;
  }
}

async function refused(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "",
    (error: SessionError) => error.code,
  );
}

test("A server that answers with a room is reached in it, with its own sound.", async () => {
  const talk = await RoomTalk.begin();
  const { session } = talk;
  assert.deepEqual([session.state, session.transport, talk.world.sockets.length], ["connected", "livekit", 0]);
  assert.deepEqual(talk.world.asked[0]?.body.transports, ["livekit", "websocket"]);
  assert.equal(talk.audios[0], talk.road.given.audio);
  assert.deepEqual([talk.audios.length, talk.world.audios.length], [1, 0]);
  const { url, token, roomName, resumeToken } = session.ticket!;
  assert.deepEqual([url, token, roomName, resumeToken?.slice(0, 6)], ["ws://rooms.test", "a.b.c", "r", "token_"]);
});

test("Segments become the transcript, and typed words are out when the room took them.", async () => {
  const talk = await RoomTalk.begin();
  const words = { id: "SG_1", role: "agent", text: "Hel", final: false, interrupted: false } as const;
  talk.road.hooks.words(words);
  talk.road.hooks.words({ ...words, text: "Hello.", final: true });
  talk.session.sendText("Hi.");
  const { id } = talk.session.transcript.at(-1)!;
  const typed = { type: "client.response.text", content: "Hi.", id };
  assert.deepEqual(talk.road.sent.at(-1), typed);
  talk.road.hooks.delivered(id);
  assert.deepEqual(talk.session.transcript.map(({ text, final }) => [text, final]), [["Hello.", true], ["Hi.", true]]);
  talk.road.hooks.wavers();
  talk.road.hooks.opened(true);
  await settled();
  assert.equal(talk.road.sent.filter(({ type }) => type === typed.type).length, 1);
});

test("A message of the agent's is known as one that no voice says.", async () => {
  const talk = await RoomTalk.begin();
  const words = { role: "agent", text: "Hello.", final: true, interrupted: false } as const;
  talk.road.hooks.words({ ...words, id: "SG_1" });
  talk.road.hooks.words({ ...words, id: "msg_1", written: true });
  talk.road.hooks.words({ ...words, id: "msg_2", role: "user", written: true });
  assert.deepEqual(talk.session.transcript.map(({ written }) => written), [undefined, true, undefined]);
});

test("What was typed goes out again, as the same, until the server confirms it.", async () => {
  const talk = await RoomTalk.begin();
  const ids = (): (string | null | undefined)[] =>
    talk.road.sent.flatMap((message) => (message.type === "client.response.text" ? [message.id] : []));
  const mends = async (): Promise<void> => {
    talk.road.hooks.wavers();
    talk.road.hooks.opened(true);
    await settled();
  };
  talk.session.sendText("Hi.");
  await mends();
  assert.deepEqual(ids().length, 2);
  assert.equal(ids()[0], ids()[1]);
  talk.road.hooks.unsure();
  assert.equal(ids().length, 3);
  talk.road.hooks.message({ type: "user.transcript", content: "Hi.", turn_id: "SG_t1" });
  talk.road.hooks.unsure();
  await mends();
  assert.equal(ids().length, 3);
  assert.deepEqual(talk.session.transcript.map(({ id, text, typed }) => [id, text, typed]), [
    ["user:SG_t1", "Hi.", true],
  ]);
});

test("A room that wavers mends itself: the door is not asked, and the network's word counts for nothing.", async () => {
  const talk = await RoomTalk.begin();
  talk.world.happens("offline");
  assert.equal(talk.session.state, "connected");
  talk.road.hooks.wavers();
  talk.session.sendText("Still there?");
  talk.road.hooks.opened(true);
  await settled();
  assert.deepEqual(talk.told, ["reconnecting", "connected"]);
  assert.deepEqual([talk.world.asked.length, talk.roads.length, talk.audios.length], [1, 1, 1]);
  assert.equal(talk.road.sent.filter(({ type }) => type === "client.response.text").length, 1);
});

test("A room that is lost is asked for again with the right to come back, and the sound stays open.", async () => {
  const talk = await RoomTalk.begin();
  talk.road.hooks.wavers();
  const right = talk.session.ticket?.resumeToken;
  talk.world.replies.push(room({ resumed: "rebuilt" }));
  talk.road.hooks.closed(END);
  await talk.world.pass(1000);
  assert.equal(talk.world.asked[1]?.body.resume_token, right);
  talk.road.hooks.opened(false);
  await settled();
  assert.deepEqual(talk.told, ["reconnecting", "connected"]);
  assert.deepEqual([talk.roads.length, talk.audios.length, talk.session.resumed], [2, 1, "rebuilt"]);
});

test("In a room that is gone on with typed words wait for the past.", async () => {
  const talk = await RoomTalk.begin({}, room({ resumed: "live" }));
  const typed = (): number => talk.road.sent.filter(({ type }) => type === "client.response.text").length;
  talk.session.sendText("Hi.");
  talk.road.hooks.message({ type: "agent.state", state: "listening" });
  assert.equal(typed(), 0);
  const past = { role: "user", content: "Before", turn_id: "SG_1", at: 1, interrupted: false } as const;
  talk.road.hooks.message({ type: "conversation.history", messages: [past] });
  assert.deepEqual([typed(), talk.session.transcript.map(({ text }) => text)], [1, ["Before", "Hi."]]);
  assert.equal(talk.session.agentState, "listening");
});

test("A room that ends says why; one whose end is a failure is one.", async () => {
  const talk = await RoomTalk.begin();
  const why = { code: "agent_timeout", message: "Nobody came." };
  talk.road.hooks.closed({ ...END, move: "failed", why });
  assert.deepEqual([talk.session.state, talk.session.failure?.code], ["failed", "agent_timeout"]);
  const other = await RoomTalk.begin();
  other.road.hooks.closed({ ...END, move: "ended", mayReturn: false, why: { code: "ended", message: "" } });
  assert.deepEqual([other.session.state, other.session.canResume()], ["disconnected", false]);
});

test("Who leaves says so, also while the room wavers.", async () => {
  const talk = await RoomTalk.begin();
  talk.road.hooks.wavers();
  talk.session.disconnect();
  // Whoever is abandoned as well has no time to say it.
  assert.deepEqual([talk.road.did, talk.session.state], [["leave"], "disconnected"]);
});

test("A picture is shown in a room, and goes with it; a refusal has a code.", async () => {
  const talk = await RoomTalk.begin();
  const shown: unknown[] = [];
  talk.session.on("videoElement", (element) => shown.push(element));
  const element = {} as HTMLVideoElement;
  talk.road.hooks.video(element);
  talk.road.hooks.video(element);
  assert.equal(talk.session.videoElement, element);
  await talk.session.publishCamera();
  await talk.session.unpublishCamera();
  assert.equal(await refused(talk.session.publishScreen()), "screen_denied");
  assert.deepEqual(talk.road.did, ["show camera", "hide camera", "show screen"]);
  talk.session.disconnect();
  assert.deepEqual(shown, [element, null]);
});

test("On a socket there is no place for a picture.", async () => {
  const talk = await Talk.open();
  assert.equal(await refused(talk.session.publishCamera()), "not_on_this_transport");
  await talk.session.unpublishCamera();
});

test("A ticket opens a room without a door; where it is no right to come back, the same again.", async () => {
  const talk = new RoomTalk();
  const names: string[] = [];
  talk.session.on("agent", ({ name }) => names.push(name));
  const ticket = { url: "ws://rooms.test", token: "a.b.c", roomName: "r" };
  const connected = talk.session.connect({ ticket });
  await settled();
  talk.road.hooks.opened(false);
  talk.road.hooks.named("Desk");
  await connected;
  assert.deepEqual([talk.world.asked.length, names, talk.session.canResume()], [0, ["Desk"], false]);
  talk.road.hooks.closed(END);
  await talk.world.pass(1000);
  assert.deepEqual([talk.world.asked.length, talk.roads.length, talk.road.given.opening.token], [0, 2, "a.b.c"]);
});

test("What must be encrypted is opened in no other way, and a room whose key is missing not at all.", async () => {
  const encryption = { key: "k", worker: () => ({}) as Worker };
  const failed = async (options: Partial<SessionOptions>, reply: Opening): Promise<unknown[]> => {
    const talk = new RoomTalk(options);
    talk.world.replies.push(reply);
    return [await refused(talk.session.connect()), talk.roads.length, talk.world.sockets.length];
  };
  const secret = room({ config: { ...room().config, encryption: true } });
  assert.deepEqual(await failed({ encryption }, answer()), ["encryption_refused", 0, 0]);
  assert.deepEqual(await failed({ encryption }, room()), ["encryption_refused", 0, 0]);
  assert.deepEqual(await failed({}, secret), ["encryption_required", 0, 0]);
  const talk = await RoomTalk.begin({ encryption }, secret);
  assert.equal(talk.road.given.options.encryption, encryption);
});

test("What a room needs and cannot be loaded is named; the next try loads it.", async () => {
  const talk = new RoomTalk();
  const rooms = talk.world.rooms;
  talk.world.rooms = () => Promise.reject(new TypeError("no network"));
  talk.world.replies.push(room(), room());
  assert.equal(await refused(talk.session.connect()), "unreachable");
  talk.world.rooms = rooms;
  void talk.session.connect();
  await settled();
  assert.equal(talk.roads.length, 1);
});

test("Where the agent leads the page is an event, and no data.", async () => {
  const talk = await RoomTalk.begin();
  const told: unknown[] = [];
  talk.session.on("navigate", (url) => told.push(url));
  talk.session.on("data", (data) => told.push(data));
  for (const content of [{ type: "duologue.navigate", url: "/cart" }, { a: 1 }, "text", null]) {
    talk.road.hooks.message({ type: "response.data", content, turn_id: "" });
  }
  assert.deepEqual(told, ["/cart", { a: 1 }, "text", null]);
});

test("LiveKit's own switch of the microphone is the session's.", async () => {
  const talk = new RoomTalk({ microphone: false });
  talk.world.replies.push(room());
  const connected = talk.session.connect();
  await settled();
  const localParticipant = {};
  const found = Object.assign(new EventEmitter(), { localParticipant });
  talk.road.room = found as unknown as Room;
  talk.road.hooks.opened(false);
  await connected;
  talk.road.hooks.wavers();
  talk.road.hooks.opened(true);
  found.emit("trackUnmuted", { source: "microphone", trackName: "duologue" }, localParticipant);
  await settled();
  assert.deepEqual(talk.audios[0]!.did.filter((one) => one.includes("microphone")).length, 1);
  const denied = Object.assign(new Error("no"), { name: "NotAllowedError" });
  talk.told.length = 0;
  found.emit("mediaDevicesError", denied, "audioinput");
  assert.deepEqual(talk.told, ["error MIC_PERMISSION_DENIED"]);
});

test("A microphone of the page is taken, changed and given back; one that was unplugged is told.", async () => {
  const talk = await RoomTalk.begin({ microphone: false });
  const [audio] = talk.audios;
  await talk.session.publishMicrophone({ deviceId: "usb" });
  await talk.session.publishMicrophone({ kind: "audio" } as MediaStreamTrack);
  await talk.session.unpublishMicrophone();
  const asked = audio!.did.filter((one) => one.includes("microphone"));
  assert.deepEqual(asked, ["microphone usb", "microphone of the page", "no microphone"]);
  audio!.hooks.replaced("Built-in");
  audio!.hooks.replaced(null);
  assert.deepEqual(talk.told, ["notice microphone_replaced", "notice microphone_ended"]);
});
