/** How loud a track is. */
import { drawn, loudness } from "../audio/level.js";

export class Meter {
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;
  private source: MediaStreamAudioSourceNode | null = null;

  constructor(private readonly context: AudioContext) {
    this.analyser = new AnalyserNode(context, { fftSize: 512 });
    this.samples = new Float32Array(this.analyser.fftSize);
  }

  /** 0..1. */
  get level(): number {
    // A context that stands would show its last moment for ever.
    if (this.source === null || this.context.state !== "running") return 0;
    this.analyser.getFloatTimeDomainData(this.samples);
    return drawn(loudness(this.samples));
  }

  watch(track: MediaStreamTrack | null): void {
    this.source?.disconnect();
    this.source = track && this.context.createMediaStreamSource(new MediaStream([track]));
    this.source?.connect(this.analyser);
  }
}
