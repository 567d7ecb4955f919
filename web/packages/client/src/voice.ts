/** The session's sound: opened once a connection, with what the user wished before it was there. */
import type {
  AudioFactory,
  AudioHooks,
  AudioOptions,
  AudioSeam,
  MicrophoneState,
  SoundState,
  Source,
} from "./audio/seam.js";
import { SessionError } from "./error.js";
import type { OpeningConfig } from "./wire.js";

type Passed = "microphone" | "played" | "micState" | "soundState" | "devices" | "replaced" | "element";

/** 640 samples at 16 kHz: short enough to be heard at once, long enough to be cheap. */
export const FRAME_MS = 40;

export class Voice {
  microphone: MicrophoneState = "off";
  sound: SoundState = "off";
  audio: AudioSeam | null = null;
  element: HTMLAudioElement | null = null;
  private shape = "";
  private factory: AudioFactory | null = null;
  private opening: Promise<void> = Promise.resolve();
  private running = false;
  private muted = false;

  constructor(
    private readonly workletUrl: string | URL,
    private readonly hooks: Pick<AudioHooks, Passed> & { failed(error: SessionError): void },
    private wanted: boolean,
    private source: Source | undefined = undefined,
  ) {}

  /** Opens the device as this session needs it; without one the session goes on in writing. */
  open(config: OpeningConfig, factory: AudioFactory): Promise<void> {
    const talk = config.transcription.trigger === "push_to_talk";
    const { input_rate: inputRate = 16_000, output_rate: outputRate = 16_000 } = config.audio ?? {};
    const options = {
      workletUrl: String(this.workletUrl), // a URL object cannot be handed to a worklet
      inputRate,
      outputRate,
      frameMs: FRAME_MS,
      bargeIn: config.transcription.can_interrupt && !talk,
    };
    const shape = JSON.stringify(options);
    const same = this.shape === shape && this.factory === factory;
    if (this.audio !== null && same) return this.opening;
    this.close();
    this.shape = shape;
    this.factory = factory;
    this.opening = this.begin(factory, options, !talk);
    return this.opening;
  }

  /** Wants a microphone from now on, and takes it if the sound is open. */
  async enable(source: Source | undefined): Promise<void> {
    this.wanted = true;
    this.source = source;
    if (this.audio !== null && this.running) await this.start(this.audio);
    else await this.opening; // which takes it
  }

  /** Wants none any more. */
  disable(): void {
    this.wanted = false;
    this.audio?.stopMicrophone();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.audio?.setMuted(muted);
  }

  close(): void {
    const audio = this.audio;
    this.audio = null;
    this.running = false;
    if (audio === null) return;
    void audio.close().catch(() => {});
    this.micState("off");
    this.soundState("off");
    this.setElement(null);
  }

  private async begin(factory: AudioFactory, options: AudioOptions, gate: boolean): Promise<void> {
    const audio = this.make(factory, options);
    this.audio = audio;
    audio.setMuted(this.muted);
    audio.setGate(gate);
    try {
      await audio.open();
    } catch (error) {
      if (this.audio !== audio) return; // it was closed while it opened, which is no failure
      const reason = error instanceof Error ? error.message : String(error);
      this.fail(`The sound could not be opened, and the session goes on in writing: ${reason}`);
      return;
    }
    if (this.audio !== audio) return;
    this.running = true;
    if (this.wanted) void this.start(audio);
  }

  private async start(audio: AudioSeam): Promise<void> {
    try {
      await audio.startMicrophone(this.source);
    } catch (error) {
      if (this.audio !== audio) return; // it was closed meanwhile, which is no failure
      this.hooks.failed(new SessionError("sound_failed", `The microphone failed: ${String(error)}`));
    }
  }

  /** What an audio that was closed still says is nobody's. */
  private make(factory: AudioFactory, options: AudioOptions): AudioSeam {
    const ours = (): boolean => this.audio === audio;
    const audio: AudioSeam = factory(options, {
      microphone: (pcm) => ours() && this.hooks.microphone(pcm),
      played: (ms, why) => ours() && this.hooks.played(ms, why),
      micState: (state) => ours() && this.micState(state),
      soundState: (state) => ours() && this.soundState(state),
      devices: (list) => ours() && this.hooks.devices(list),
      replaced: (label) => ours() && this.hooks.replaced(label),
      element: (element) => ours() && this.setElement(element),
      failed: (reason) =>
        ours() && this.fail(`The sound broke down, and the session goes on in writing: ${reason}`),
    });
    return audio;
  }

  /** The next connection opens it again. */
  private fail(words: string): void {
    this.close();
    this.hooks.failed(new SessionError("sound_failed", words));
  }

  private setElement(element: HTMLAudioElement | null): void {
    if (element === this.element) return;
    this.element = element;
    this.hooks.element(element);
  }

  private micState(state: MicrophoneState): void {
    if (state === this.microphone) return;
    this.microphone = state;
    this.hooks.micState(state);
  }

  private soundState(state: SoundState): void {
    if (state === this.sound) return;
    this.sound = state;
    this.hooks.soundState(state);
  }
}
