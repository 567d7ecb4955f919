/** How loud a sound is that nobody else measures. */
import { TrackMeter } from "@duologue/client";

let context: AudioContext | null = null;
let users = 0;

/** Something that tells how loud it is, 0..1, until it is closed. */
export interface Level {
  readonly level: number;
  close(): void;
}

/** Measures whatever track is there at the moment. */
export class TrackLevel implements Level {
  private meter: TrackMeter | null = null;
  private measured: MediaStreamTrack | null = null;

  constructor(private readonly track: () => MediaStreamTrack | null) {}

  get level(): number {
    const track = this.track();
    if (track === null || track.readyState !== "live") {
      this.close();
      return 0;
    }
    this.meter ??= opened();
    if (track !== this.measured) this.meter.watch(track);
    this.measured = track;
    return this.meter.level;
  }

  /** The last one lets go of the device. */
  close(): void {
    if (this.meter === null) return;
    this.meter.watch(null);
    this.meter = this.measured = null;
    users -= 1;
    if (users > 0) return;
    void context?.close().catch(() => {});
    context = null;
  }
}

function opened(): TrackMeter {
  context ??= new AudioContext();
  users += 1;
  void context.resume().catch(() => {}); // one that waits for a click hears nothing until then
  return new TrackMeter(context);
}
