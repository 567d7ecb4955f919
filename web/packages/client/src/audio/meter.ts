/** How loud a sound is at the moment. */
import { drawn, loudness } from "./level.js";

/** Measures what is led into its node, as far as that is heard. */
export class Meter {
  readonly node: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(protected readonly context: AudioContext) {
    this.node = new AnalyserNode(context, { fftSize: 512 });
    this.samples = new Float32Array(this.node.fftSize);
  }

  /** 0..1. */
  get level(): number {
    if (this.context.state !== "running") return 0; // it would show its last moment for ever
    this.node.getFloatTimeDomainData(this.samples);
    return drawn(loudness(this.samples));
  }
}

/** Measures a track, or none, and plays nothing. */
export class TrackMeter extends Meter {
  private source: MediaStreamAudioSourceNode | null = null;

  override get level(): number {
    return this.source === null ? 0 : super.level;
  }

  watch(track: MediaStreamTrack | null): void {
    this.source?.disconnect();
    this.source = track && this.context.createMediaStreamSource(new MediaStream([track]));
    this.source?.connect(this.node);
  }
}
