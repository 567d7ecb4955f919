/** The sound of a session in rooms: a microphone, the agent's voice, and how loud both are. */
import {
  ConnectionState,
  LocalAudioTrack,
  type LocalTrack,
  type RemoteTrack,
  type Room,
  RoomEvent,
  Track,
} from "livekit-client";
import { Device } from "../audio/device.js";
import { TrackMeter } from "../audio/meter.js";
import type { AudioHooks, AudioOptions, AudioSeam, SoundState, Source } from "../audio/seam.js";
import { OURS } from "../switches.js";
import { Pictures } from "./pictures.js";

/** For touch it is the lifted finger that browsers take as a wish. */
const WISHES = ["pointerdown", "pointerup", "keydown"] as const;

/** When another microphone may stand beside ours, or none; a room that reconnects publishes all once more. */
const CHANGES = [
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.Reconnected,
] as const;

/** What exists while the sound is open. */
interface Rig {
  readonly context: AudioContext;
  readonly device: Device;
  readonly input: TrackMeter;
  readonly output: TrackMeter;
  /** What is sent while no microphone is: who has no track is seen by the others 3 s late. */
  readonly silence: MediaStreamTrack;
}

export class RoomAudio implements AudioSeam {
  readonly playedMs = 0; // the server knows by itself how far a room was heard
  readonly pictures = new Pictures();
  private rig: Rig | null = null;
  private room: Room | null = null;
  private published: LocalAudioTrack | null = null;
  private microphone: MediaStreamTrack | null = null;
  private voice: RemoteTrack | null = null;
  private element: HTMLAudioElement | null = null;
  private muted = false;
  private gate = true;
  /** One change of the track after the other. */
  private work: Promise<void> = Promise.resolve();
  private readonly closing = new AbortController();
  private readonly played = (): void => this.look();
  private readonly changed = (): void => this.makeRoom();

  constructor(
    _: AudioOptions,
    private readonly hooks: AudioHooks,
  ) {}

  async open(): Promise<void> {
    if (this.rig !== null) return;
    const context = new AudioContext({ latencyHint: "interactive" });
    const device = new Device({
      use: (stream) => this.use(stream?.getAudioTracks()[0] ?? null),
      state: (state) => this.hooks.micState(state),
      devices: (list) => this.hooks.devices(list),
      replaced: (label) => this.hooks.replaced(label),
    });
    const [silence] = context.createMediaStreamDestination().stream.getAudioTracks();
    if (silence === undefined) throw new Error("This browser makes no track of silence.");
    device.setMuted(this.muted);
    this.rig = { context, device, input: new TrackMeter(context), output: new TrackMeter(context), silence };
    const options = { capture: true, passive: true, signal: this.closing.signal };
    for (const wish of WISHES) document.addEventListener(wish, () => void this.resumeSound(), options);
    this.publish();
    this.watch();
    this.look();
  }

  async startMicrophone(source?: Source): Promise<void> {
    await this.rig?.device.start(source);
  }

  stopMicrophone(): void {
    this.rig?.device.stop();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.rig?.device.setMuted(muted);
    this.settle();
  }

  setGate(open: boolean): void {
    this.gate = open;
    this.settle();
  }

  get microphoneId(): string | null {
    return this.rig?.device.id ?? null;
  }

  get inputLevel(): number {
    return this.rig?.input.level ?? 0;
  }

  get outputLevel(): number {
    return this.rig?.output.level ?? 0;
  }

  async resumeSound(): Promise<void> {
    const { rig, room } = this;
    if (rig?.context.state === "suspended") void rig.context.resume().catch(() => undefined);
    if (room?.canPlaybackAudio === false) await room.startAudio().catch(() => undefined);
  }

  // In a room the agent's turns are a track, which the server itself begins and ends.
  beginTurn(): void {}
  play(): void {}
  endTurn(): void {}
  drop(): void {}

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    this.pictures.close();
    this.detach();
    const { rig } = this;
    this.rig = null;
    rig?.device.close();
    rig?.silence.stop();
    if (rig !== null && rig.context.state !== "closed") await rig.context.close();
  }

  // ------------------------------------------------------------ the room

  /** Speaks and hears in this room from now on. */
  attach(room: Room): void {
    this.room = room;
    room.on(RoomEvent.AudioPlaybackStatusChanged, this.played);
    for (const event of CHANGES) room.on(event, this.changed);
    this.publish();
    this.pictures.attach(room);
    this.look();
  }

  detach(): void {
    this.room?.off(RoomEvent.AudioPlaybackStatusChanged, this.played);
    for (const event of CHANGES) this.room?.off(event, this.changed);
    this.room = null;
    this.published = null;
    this.pictures.detach();
    this.speaks(null);
  }

  /** The agent speaks by this track; null is none. */
  speaks(voice: RemoteTrack | null): void {
    if (voice === this.voice) return;
    this.voice?.detach();
    this.voice = voice;
    this.element = voice === null ? null : (voice.attach() as HTMLAudioElement);
    this.watch();
    this.hooks.element(this.element);
  }

  // ------------------------------------------------------------ within

  private watch(): void {
    this.rig?.output.watch(this.voice?.mediaStreamTrack ?? null);
  }

  private look(): void {
    if (this.rig === null) return;
    const state: SoundState = this.room?.canPlaybackAudio === false ? "blocked" : "on";
    this.hooks.soundState(state);
  }

  private use(microphone: MediaStreamTrack | null): void {
    this.rig?.input.watch(microphone);
    this.microphone = microphone;
    if (microphone !== null && this.published === null) this.publish();
    else this.settle();
    if (microphone === null) this.makeRoom();
  }

  private publish(): void {
    const { room, rig } = this;
    if (room === null || rig === null) return;
    // The track is given, so that LiveKit neither ends it nor asks for another: the device does.
    const track = new LocalAudioTrack(this.microphone ?? rig.silence, undefined, true);
    track.source = Track.Source.Microphone;
    this.published = track;
    this.later(async () => {
      if (this.silent) await track.mute();
      // LiveKit was written without exactOptionalPropertyTypes.
      await room.localParticipant.publishTrack(track as LocalTrack, { source: Track.Source.Microphone, name: OURS });
    });
    this.settle();
  }

  /** No silence of ours stands beside a microphone that the page itself publishes: agents hear one track. */
  private makeRoom(): void {
    this.later(async () => {
      const { room, published, microphone } = this;
      if (room?.state !== ConnectionState.Connected) return;
      const { localParticipant } = room;
      const theirs = [...localParticipant.audioTrackPublications.values()].some(
        ({ source, track }) => source === Track.Source.Microphone && track !== published,
      );
      if (!theirs && published === null) this.publish();
      if (!theirs || published === null || microphone !== null) return;
      this.published = null;
      await localParticipant.unpublishTrack(published as LocalTrack, false);
    });
  }

  /** Whether what is published is not to be heard. */
  private get silent(): boolean {
    return this.muted || !this.gate || this.microphone === null;
  }

  /** Publishes what the microphone is now, and whether it is heard. */
  private settle(): void {
    this.later(async () => {
      const { published, rig } = this;
      if (published === null || rig === null) return;
      const wanted = this.microphone ?? rig.silence;
      if (published.mediaStreamTrack !== wanted) await published.replaceTrack(wanted, true);
      if (this.silent) await published.mute();
      else await published.unmute();
      wanted.enabled = !this.silent; // the device thinks of its own switch alone
    });
  }

  /** What fails belongs to a room that is going; the next one gets all anew. */
  private later(work: () => Promise<void>): void {
    this.work = this.work.then(work).catch(() => undefined);
  }
}
