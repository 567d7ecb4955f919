/** The page's end of the loudspeaker. */
import { voiceElement } from "./element.js";
import { Meter } from "./meter.js";
import { type FromSpeaker, SPEAKER, type SpeakerSetup, type ToSpeaker } from "./protocol.js";
import type { PlayedReason } from "./seam.js";

export class Speaker {
  private readonly node: AudioWorkletNode;
  private readonly meter: Meter;
  private readonly volume: GainNode;
  private readonly tap: MediaStreamAudioDestinationNode;
  /** The voice as a page can place it; what it is told of volume and muting is obeyed here. */
  readonly element: HTMLAudioElement;
  private turn = 0;
  private samples = 0;
  private came = false;
  private on = false;

  constructor(
    private readonly context: AudioContext,
    private readonly outputRate: number,
    private readonly played: (ms: number, why: PlayedReason) => void,
    failed: (reason: string) => void,
  ) {
    const setup: SpeakerSetup = { outputRate };
    this.node = new AudioWorkletNode(context, SPEAKER, {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: setup,
    });
    this.node.port.onmessage = ({ data }: MessageEvent<FromSpeaker>) => this.heard(data);
    this.node.onprocessorerror = ({ message }) => failed(`the loudspeaker's worklet threw: ${message}`);
    this.meter = new Meter(context);
    this.volume = new GainNode(context);
    this.tap = context.createMediaStreamDestination();
    this.node.connect(this.meter.node).connect(this.volume).connect(context.destination);
    this.meter.node.connect(this.tap);
    this.element = voiceElement(context, this.tap.stream, ({ volume, muted }) => {
      this.volume.gain.value = muted ? 0 : volume;
    });
  }

  get playedMs(): number {
    return (this.samples * 1000) / this.outputRate;
  }

  /** Whether sound of a turn came that neither ran dry nor was dropped. */
  get waiting(): boolean {
    return this.on && this.came;
  }

  get level(): number {
    return this.meter.level;
  }

  beginTurn(): void {
    this.on = true;
    this.came = false;
    this.samples = 0;
    this.send({ do: "begin", turn: ++this.turn });
  }

  play(pcm: Int16Array): void {
    if (!this.on || pcm.length === 0) return;
    this.came = true;
    const { buffer } = pcm.slice(); // the caller's buffer stays the caller's
    this.send({ do: "play", pcm: buffer }, [buffer]);
  }

  endTurn(): void {
    this.send({ do: "end" });
  }

  drop(): void {
    if (!this.on) return;
    this.send({ do: "drop" });
    // A suspended audio thread may answer late, and its position stands still: so it is told here.
    if (this.context.state !== "running") this.heard({ turn: this.turn, samples: this.samples, why: "stopped" });
  }

  pause(): void {
    this.send({ do: "pause" });
  }

  resume(): void {
    this.send({ do: "resume" });
  }

  close(): void {
    this.on = false;
    this.node.port.onmessage = null;
    this.send({ do: "close" });
    this.node.disconnect();
    this.meter.node.disconnect();
    this.volume.disconnect();
    this.element.srcObject = null;
  }

  private heard({ turn, samples, why }: FromSpeaker): void {
    if (turn !== this.turn || !this.on) return; // of a turn that another took the place of
    this.samples = samples;
    if (why === "stopped" || why === "dry") this.on = false;
    this.played(this.playedMs, why);
  }

  private send(message: ToSpeaker, given: Transferable[] = []): void {
    this.node.port.postMessage(message, given);
  }
}
