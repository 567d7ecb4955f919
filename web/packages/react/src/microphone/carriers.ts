/** The two things that carry a voice: a session of ours, and a room of livekit-client. */
import type { LiveKitSession, MicrophoneState } from "@duologue/client";
import type { Room, RoomEvent } from "livekit-client";
import { TrackLevel } from "../meter.js";
import { MICROPHONE, microphoneIn } from "../surface.js";
import type { Carrier } from "./types.js";
import { stateOf } from "./words.js";

/** Words of a microphone that is gone, and of what took its place. */
const GONE: ReadonlySet<string> = new Set(["microphone_replaced", "microphone_ended"]);

export class SessionCarrier implements Carrier {
  notice: string | null = null;
  private chosen: string | null = null;

  constructor(private readonly session: LiveKitSession) {}

  get connected(): boolean {
    return this.session.snapshot.connectionState === "connected";
  }

  get mending(): boolean {
    return this.session.snapshot.line === "reconnecting";
  }

  get state(): MicrophoneState {
    return this.session.snapshot.microphone;
  }

  get deviceId(): string | null {
    return this.session.snapshot.microphoneId;
  }

  get level(): number {
    return this.session.inputLevel;
  }

  async publish(deviceId?: string): Promise<void> {
    this.notice = null;
    this.chosen = deviceId ?? this.chosen;
    const { chosen } = this;
    await this.session.publishMicrophone(chosen === null ? undefined : { deviceId: chosen });
  }

  async unpublish(): Promise<void> {
    this.notice = null;
    await this.session.unpublishMicrophone();
  }

  async setMuted(muted: boolean): Promise<void> {
    this.session.setMuted(muted);
  }

  watch(changed: () => void): () => void {
    const stops = [
      this.session.subscribe(changed),
      this.session.on("notice", ({ code, message }) => {
        if (!GONE.has(code)) return;
        this.notice = message;
        changed();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }
}

const EVENTS = [
  "connectionStateChanged",
  "localTrackPublished",
  "localTrackUnpublished",
  "trackMuted",
  "trackUnmuted",
  "activeDeviceChanged",
] as RoomEvent[];

/** Its events are named by their words, for a page may have no livekit-client to import them from. */
export class RoomCarrier implements Carrier {
  readonly notice = null; // a room of somebody else's says nothing of it
  private asking = false;
  private failed: MicrophoneState | null = null;
  private changed: () => void = () => {};
  private readonly meter: TrackLevel;

  constructor(private readonly room: Room) {
    this.meter = new TrackLevel(() => microphoneIn(room));
  }

  get connected(): boolean {
    return this.room.state === "connected";
  }

  get mending(): boolean {
    return this.room.state === "reconnecting" || this.room.state === "signalReconnecting";
  }

  get state(): MicrophoneState {
    const publication = this.room.localParticipant.getTrackPublication(MICROPHONE);
    if (publication?.track) return publication.isMuted ? "muted" : "on";
    if (this.asking) return "asking";
    return this.failed ?? "off";
  }

  get deviceId(): string | null {
    return microphoneIn(this.room)?.getSettings().deviceId || null;
  }

  get level(): number {
    return this.meter.level;
  }

  async publish(deviceId?: string): Promise<void> {
    const { localParticipant } = this.room;
    this.asking = true;
    this.failed = null;
    this.changed();
    try {
      if (deviceId !== undefined) await this.room.switchActiveDevice("audioinput", deviceId);
      await localParticipant.setMicrophoneEnabled(true);
    } catch (error) {
      this.failed = stateOf(error);
      if (this.failed === null) throw error;
    } finally {
      this.asking = false;
      this.changed();
    }
  }

  async unpublish(): Promise<void> {
    const { localParticipant } = this.room;
    const track = localParticipant.getTrackPublication(MICROPHONE)?.track;
    if (track) await localParticipant.unpublishTrack(track, true);
    this.failed = null;
    this.changed();
  }

  async setMuted(muted: boolean): Promise<void> {
    const publication = this.room.localParticipant.getTrackPublication(MICROPHONE);
    if (muted) await publication?.mute();
    else await publication?.unmute();
    this.changed();
  }

  watch(changed: () => void): () => void {
    this.changed = changed;
    for (const event of EVENTS) this.room.on(event, changed);
    return () => {
      this.changed = () => {};
      for (const event of EVENTS) this.room.off(event, changed);
      this.meter.close();
    };
  }
}
