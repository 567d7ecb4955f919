/** Camera and screen, shown to an agent that can see; they outlast the room that shows them. */
import { createLocalVideoTrack, LocalVideoTrack, type Room, Track } from "livekit-client";
import type { Shown } from "../road.js";

interface Picture {
  readonly track: LocalVideoTrack;
  /** Whether it is ours to end. */
  readonly own: boolean;
}

const SOURCES = { camera: Track.Source.Camera, screen: Track.Source.ScreenShare } as const;

export class Pictures {
  private readonly shown = new Map<Shown, Picture>();
  private room: Room | null = null;

  /** Shows in this room what was shown in the one before it. */
  attach(room: Room): void {
    this.room = room;
    for (const [what, { track }] of this.shown) {
      // One that cannot be shown any more is no reason to end the talk.
      this.show(room, what, track).catch(() => this.forget(what));
    }
  }

  detach(): void {
    this.room = null;
  }

  async publish(what: Shown, given: MediaStreamTrack | undefined): Promise<void> {
    await this.unpublish(what);
    const track = given ? new LocalVideoTrack(given, undefined, true) : await picked(what);
    this.shown.set(what, { track, own: given === undefined });
    // The browser has a button of its own that ends the sharing of a screen.
    track.mediaStreamTrack.addEventListener("ended", () => {
      if (this.shown.get(what)?.track === track) void this.unpublish(what);
    });
    if (this.room === null) return;
    try {
      await this.show(this.room, what, track);
    } catch (error) {
      this.forget(what);
      throw error;
    }
  }

  async unpublish(what: Shown): Promise<void> {
    const picture = this.forget(what);
    if (picture) await this.room?.localParticipant.unpublishTrack(picture.track, false).catch(() => {});
  }

  close(): void {
    for (const what of [...this.shown.keys()]) this.forget(what);
    this.room = null;
  }

  private async show(room: Room, what: Shown, track: LocalVideoTrack): Promise<void> {
    await room.localParticipant.publishTrack(track, { source: SOURCES[what], simulcast: false });
  }

  private forget(what: Shown): Picture | undefined {
    const picture = this.shown.get(what);
    this.shown.delete(what);
    if (picture?.own) picture.track.stop();
    return picture;
  }
}

async function picked(what: Shown): Promise<LocalVideoTrack> {
  if (what === "camera") return createLocalVideoTrack();
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false });
  const [track] = stream.getVideoTracks();
  if (track === undefined) throw new DOMException("Nothing was picked.", "NotFoundError");
  return new LocalVideoTrack(track, undefined, true);
}
