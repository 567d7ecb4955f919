/** How loud a sound is that nobody else measures. */

/** Fainter is still, and full scale less a little headroom is full: as the client draws its levels. */
const STILL = -60;
const FULL = -10;

let context: AudioContext | null = null;
let users = 0;

/** Something that tells how loud it is, 0..1, until it is closed. */
export interface Level {
  readonly level: number;
  close(): void;
}

/** Listens to a track, and plays nothing. */
class Meter implements Level {
  private readonly source: MediaStreamAudioSourceNode;
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(readonly track: MediaStreamTrack) {
    context ??= new AudioContext();
    users += 1;
    void context.resume().catch(() => {}); // one that waits for a click hears nothing until then
    this.source = context.createMediaStreamSource(new MediaStream([track]));
    this.analyser = new AnalyserNode(context, { fftSize: 512 });
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source.connect(this.analyser);
  }

  get level(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = this.samples.reduce((sum, one) => sum + one * one, 0) / this.samples.length;
    const dbfs = 10 * Math.log10(power + 1e-12);
    return Math.min(1, Math.max(0, (dbfs - STILL) / (FULL - STILL)));
  }

  /** The last one lets go of the device. */
  close(): void {
    this.source.disconnect();
    users -= 1;
    if (users > 0) return;
    void context?.close().catch(() => {});
    context = null;
  }
}

/** Measures whatever track is there at the moment. */
export class TrackLevel implements Level {
  private meter: Meter | null = null;

  constructor(private readonly track: () => MediaStreamTrack | null) {}

  get level(): number {
    const track = this.track();
    const there = track !== null && track.readyState === "live";
    if (this.meter !== null && !(there && this.meter.track === track)) this.close();
    if (!there) return 0;
    this.meter ??= new Meter(track);
    return this.meter.level;
  }

  close(): void {
    this.meter?.close();
    this.meter = null;
  }
}
