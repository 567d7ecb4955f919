/** A LiveKit room as a session's road, from the joining to the end. */
import {
  type DisconnectReason,
  type LocalTrackPublication,
  type RemoteParticipant,
  RoomEvent,
  type RoomEventCallbacks,
} from "livekit-client";
import type { Road, RoadEnd, RoadHooks, RoomGiven, Shown } from "../road.js";
import { asNotice } from "../socket.js";
import type { ClientMessage, Opening } from "../wire.js";
import { AgentWatch } from "./agent.js";
import { RoomAudio } from "./audio.js";
import { endOf, LastWord, missing, refused } from "./ends.js";
import { join, type Made, made } from "./joining.js";
import { Letters } from "./letters.js";
import { after, within } from "./names.js";
import { read } from "./packets.js";
import { Reading } from "./reading.js";
import { Voices } from "./voices.js";

const AGENT_MS = 20_000;
/** The signal may be away so long before the room counts as one that mends itself. */
const BLINK_MS = 1500;
const LEAVE_MS = 500;
const SID_MS = 1000;

export class RoomRoad implements Road {
  readonly transport = "livekit";
  readonly mends = true;
  private readonly made: Made;
  private readonly opening: Opening;
  private readonly audio: RoomAudio | null;
  private readonly agent: AgentWatch;
  private readonly voices: Voices;
  private readonly reading: Reading;
  private readonly letters: Letters;
  private readonly word = new LastWord();
  private readonly timers = new Set<() => void>();
  private readonly deafen: (() => void)[] = [];
  private readonly tracks = new Set<string>();
  private readonly told = new Set<string>();
  private hooks: RoadHooks | null;
  private blinking: () => void = () => {};
  private wavers = false;
  private sid = "";
  private joined = false;
  private came = false;

  constructor({ opening, audio, hooks, options }: RoomGiven) {
    this.opening = opening;
    this.hooks = hooks;
    this.audio = audio instanceof RoomAudio ? audio : null;
    this.made = made(options.encryption);
    const { room } = this.made;
    const encrypted = options.encryption !== undefined;
    this.agent = new AgentWatch(() => room.remoteParticipants.values(), this.watched(), after);
    this.voices = new Voices(encrypted, {
      isAgents: (person) => this.agent.isAgents(person),
      voice: (track) => this.audio?.speaks(track),
      video: (element) => this.hooks?.video(element),
      refused: (message) => this.tell("encryption_required", message),
    });
    const { agent, tracks } = this;
    this.reading = new Reading(room, encrypted, {
      words: (segment) => this.hooks?.words(segment),
      get agent() {
        return agent.identity;
      },
      isOurs: (track) => tracks.has(track),
    });
    const told = {
      delivered: (id: string) => this.hooks?.delivered(id),
      unsure: () => this.hooks?.unsure(),
      noPast: () => this.hooks?.message({ type: "duologue.beat" }),
    };
    this.letters = new Letters(() => room.localParticipant, agent, opening, told, after);
    this.listen(encrypted);
    void this.join();
  }

  get room(): Made["room"] {
    return this.made.room;
  }

  send(message: ClientMessage): boolean {
    this.letters.send(message);
    return true;
  }

  /** In a room the microphone is a track. */
  sendSound(): void {}

  leave(): void {
    const goodbye = this.joined ? this.letters.says({ type: "client.end" }) : Promise.resolve();
    this.release();
    void within(LEAVE_MS, goodbye)
      .catch(() => undefined)
      .then(() => this.close());
  }

  abandon(): void {
    this.release();
    void this.close();
  }

  async publish(what: Shown, track?: MediaStreamTrack): Promise<void> {
    if (this.audio === null) throw new Error("the session has no media");
    await this.audio.pictures.publish(what, track);
  }

  async unpublish(what: Shown): Promise<void> {
    await this.audio?.pictures.unpublish(what);
  }

  // ------------------------------------------------------------ joining and leaving

  private async join(): Promise<void> {
    try {
      await join(this.made, this.opening);
    } catch (error) {
      return this.end(refused(error instanceof Error ? error.message : String(error)));
    }
    if (this.hooks === null) return void this.close(); // it was left while it was joined
    this.joined = true;
    this.audio?.attach(this.room);
    this.wait(AGENT_MS, () => {
      if (!this.agent.ready) this.lacks();
    });
    this.hooks.opened(false);
    this.agent.look();
    await this.letters.introduce();
    this.sid = await this.named();
  }

  private end(end: RoadEnd): void {
    const { hooks } = this;
    this.release();
    void this.close();
    hooks?.closed(end);
  }

  /** The agent did not come, or went. */
  private lacks(): void {
    this.end(missing(this.word.now(Date.now()), this.came, this.again));
  }

  /** Whether the door can be asked for another room of this conversation. */
  private get again(): boolean {
    return this.opening.resume_token !== null;
  }

  /** From now on nobody is told anything, but for the words that were under way. */
  private release(): void {
    this.reading.close();
    this.voices.close();
    this.hooks = null;
    this.letters.close();
    this.agent.close();
    this.blinking();
    for (const cancel of this.timers) cancel();
    if (this.joined) this.audio?.detach();
  }

  private async close(): Promise<void> {
    // Ours alone: a page that listens to the room hears of its end.
    for (const stop of this.deafen.splice(0)) stop();
    await this.room.disconnect(false).catch(() => undefined);
    this.made.release();
  }

  // ------------------------------------------------------------ what the room tells

  private listen(encrypted: boolean): void {
    const { room, agent, voices } = this;
    const hear = <E extends keyof RoomEventCallbacks>(event: E, ear: RoomEventCallbacks[E]): void => {
      room.on(event, ear);
      this.deafen.push(() => room.off(event, ear));
    };
    hear(RoomEvent.ParticipantConnected, (person) => agent.connected(person));
    hear(RoomEvent.ParticipantActive, (person) => agent.changed(person as RemoteParticipant));
    hear(RoomEvent.ParticipantDisconnected, (person, why) => agent.disconnected(person, why));
    hear(RoomEvent.ParticipantAttributesChanged, (_, person) => this.changed(person as RemoteParticipant));
    hear(RoomEvent.TrackSubscribed, (track, publication, person) => {
      agent.connected(person);
      voices.subscribed(track, publication, person);
    });
    hear(RoomEvent.TrackUnsubscribed, (track) => voices.unsubscribed(track));
    hear(RoomEvent.LocalTrackPublished, (publication) => this.published(publication));
    hear(RoomEvent.LocalTrackSubscribed, () => agent.hears());
    hear(RoomEvent.DataReceived, (payload, person, _, topic = "", encryption, identity) => {
      const sender = person?.identity ?? identity ?? "";
      this.received({ payload, topic, sender, secret: !encrypted || (encryption ?? 0) !== 0 });
    });
    hear(RoomEvent.EncryptionError, (error) => this.tell("encryption_failed", error.message));
    hear(RoomEvent.SignalReconnecting, () => {
      this.letters.holdsBack(true);
      this.blinking();
      this.blinking = after(BLINK_MS, () => this.mending());
    });
    hear(RoomEvent.Reconnecting, () => {
      this.letters.anew();
      this.mending();
    });
    hear(RoomEvent.Reconnected, () => void this.mended());
    hear(RoomEvent.Disconnected, (reason) => this.disconnected(reason));
  }

  private published(publication: LocalTrackPublication): void {
    this.tracks.add(publication.trackSid);
  }

  private changed(person: RemoteParticipant): void {
    this.agent.changed(person);
    this.voices.look(this.room.remoteParticipants.values()); // an avatar may say late whose it is
  }

  private received(packet: Parameters<typeof read>[0]): void {
    const message = read(packet, this.agent.identity);
    if (message === null) return;
    const notice = message.type === "response.data" ? asNotice(message.content) : null;
    if (notice !== null) this.word.take(notice, Date.now());
    this.hooks?.message(message);
    if (message.type === "conversation.history") this.letters.settled();
  }

  private mending(): void {
    this.blinking();
    if (this.wavers || !this.joined) return;
    this.wavers = true;
    this.agent.mends(true);
    this.letters.holdsBack(true);
    this.hooks?.wavers();
  }

  private async mended(): Promise<void> {
    this.blinking();
    const { sid } = this;
    this.sid = await this.named();
    if (this.hooks === null) return;
    if (sid !== "" && this.sid !== sid && this.again) {
      // LiveKit itself began anew, and with it a room of which our server knows nothing.
      return this.end(endOf(undefined, null, true));
    }
    this.agent.mends(false);
    this.letters.holdsBack(false);
    if (!this.wavers) return;
    this.wavers = false;
    this.hooks?.opened(true);
  }

  /** Which room this is, where several came to bear its name; empty where nobody says so. */
  private async named(): Promise<string> {
    return within(SID_MS, this.room.getSid()).catch(() => "");
  }

  private disconnected(reason: DisconnectReason | undefined): void {
    if (this.joined) this.end(endOf(reason, this.word.now(Date.now()), this.again));
  }

  // ------------------------------------------------------------ the agent

  private watched(): ConstructorParameters<typeof AgentWatch>[1] {
    return {
      known: ({ name }) => {
        this.voices.look(this.room.remoteParticipants.values());
        if (name) this.hooks?.named(name);
      },
      state: (state) => {
        this.came = true;
        this.hooks?.message({ type: "agent.state", state });
      },
      linked: () => this.letters.linked(),
      gone: () => this.lacks(),
    };
  }

  /** Says something once, for it may happen to every frame. */
  private tell(code: string, message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    const content = { type: "duologue.notice", code, message };
    this.hooks?.message({ type: "response.data", content, turn_id: "" });
  }

  private wait(ms: number, work: () => void): void {
    this.timers.add(after(ms, work));
  }
}
