/** Which of the agent's tracks is heard, and which is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RemoteParticipant, RemoteTrack, RemoteTrackPublication } from "livekit-client";
import { Voices } from "../../src/room/voices.js";

class FakeTrack {
  readonly detached: string[] = [];

  constructor(
    readonly name: string,
    readonly kind: "audio" | "video",
  ) {}

  attach(): string {
    return `element of ${this.name}`;
  }

  detach(): { remove(): void }[] {
    return [{ remove: () => this.detached.push(this.name) }];
  }
}

class Stage {
  readonly told: string[] = [];
  agents = ["desk"];
  readonly voices: Voices;

  constructor(encrypted = false) {
    this.voices = new Voices(encrypted, {
      isAgents: ({ identity }) => this.agents.includes(identity),
      voice: (track) => this.told.push(`hear ${(track as unknown as FakeTrack | null)?.name ?? "nobody"}`),
      video: (element) => this.told.push(`see ${String(element ?? "nobody")}`),
      refused: (why) => this.told.push(why),
    });
  }

  takes(track: FakeTrack, identity: string, { behalf = "", encrypted = false } = {}): boolean[] {
    const asked: boolean[] = [];
    const setSubscribed = (wanted: boolean): unknown => asked.push(wanted);
    const publication = { trackSid: track.name, isEncrypted: encrypted, setSubscribed };
    const attributes = behalf === "" ? {} : { "lk.publish_on_behalf": behalf };
    this.voices.subscribed(
      track as unknown as RemoteTrack,
      publication as unknown as RemoteTrackPublication,
      { identity, isAgent: true, attributes } as unknown as RemoteParticipant,
    );
    return asked;
  }
}

test("Only the agent is heard and seen; what is taken away is shown no more.", () => {
  const stage = new Stage();
  stage.takes(new FakeTrack("stranger", "audio"), "ann");
  assert.deepEqual(stage.told, []);
  const picture = new FakeTrack("face", "video");
  stage.takes(new FakeTrack("voice", "audio"), "desk");
  stage.takes(picture, "desk");
  assert.deepEqual(stage.told, ["hear voice", "hear voice", "see element of face"]);
  stage.voices.unsubscribed(picture as unknown as RemoteTrack);
  assert.deepEqual([stage.told.at(-1), picture.detached], ["see nobody", ["face"]]);
  stage.voices.close();
  assert.equal(stage.told.at(-1), "hear nobody");
});

test("With an avatar it is the avatar who speaks, and when it goes the agent again.", () => {
  const stage = new Stage();
  stage.agents.push("avatar");
  const avatar = new FakeTrack("avatar's voice", "audio");
  stage.takes(avatar, "avatar", { behalf: "desk" });
  stage.takes(new FakeTrack("voice", "audio"), "desk");
  assert.equal(stage.told.at(-1), "hear avatar's voice");
  stage.voices.unsubscribed(avatar as unknown as RemoteTrack);
  assert.equal(stage.told.at(-1), "hear voice");
});

test("A track that is not as secret as the session is not taken.", () => {
  const secret = new Stage(true);
  assert.deepEqual(secret.takes(new FakeTrack("voice", "audio"), "desk"), [false]);
  assert.match(secret.told[0]!, /not encrypted/);
  assert.deepEqual(secret.takes(new FakeTrack("voice", "audio"), "desk", { encrypted: true }), []);
  const plain = new Stage();
  assert.deepEqual(plain.takes(new FakeTrack("voice", "audio"), "desk", { encrypted: true }), [false]);
  assert.match(plain.told[0]!, /no key/);
});

test("Tracks that came before it was known whose they are, are found.", () => {
  const stage = new Stage();
  stage.agents = [];
  const track = new FakeTrack("voice", "audio");
  stage.takes(track, "desk");
  stage.agents = ["desk"];
  const publication = { trackSid: "voice", isEncrypted: false, track };
  const desk = { identity: "desk", isAgent: true, attributes: {}, trackPublications: new Map([["voice", publication]]) };
  stage.voices.look([desk as unknown as RemoteParticipant]);
  assert.deepEqual(stage.told, ["hear voice"]);
});
