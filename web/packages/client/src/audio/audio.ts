/** The sound of one session: one AudioContext, a microphone, a loudspeaker, and a voice that hesitates. */
import { type Deed, Hesitation } from "./hesitation.js";
import { Microphone } from "./microphone.js";
import type { AudioHooks, AudioOptions, AudioSeam, PlayedReason, SoundState, Source } from "./seam.js";
import { Speaker } from "./speaker.js";
import { Unlock } from "./unlock.js";

/** What exists while the device is open. */
interface Rig {
  readonly context: AudioContext;
  readonly unlock: Unlock;
  readonly speaker: Speaker;
  readonly microphone: Microphone;
}

/** A blocked loudspeaker says nothing by itself; the server shall know that it is still at its place. */
const TICK_MS = 100;

export class Audio implements AudioSeam {
  private rig: Rig | null = null;
  private opening: Promise<Rig> | null = null;
  private closing: Promise<void> | null = null;
  /** Counts what was wished of the microphone, for it may change while the device opens. */
  private wishes = 0;
  private muted = false;
  private gate = true;
  private readonly hesitation = new Hesitation();
  private goOn: ReturnType<typeof setTimeout> | undefined;
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly options: AudioOptions,
    private readonly hooks: AudioHooks,
  ) {}

  async open(): Promise<void> {
    this.opening ??= this.make().catch((error: unknown) => {
      this.opening = null; // it may be tried again
      throw error;
    });
    await this.opening;
  }

  async startMicrophone(source?: Source): Promise<void> {
    const wish = ++this.wishes;
    await this.open();
    if (wish !== this.wishes) return;
    await this.rig?.microphone.start(source);
    void this.rig?.unlock.resume(); // a page that may listen may be heard, say some browsers
  }

  stopMicrophone(): void {
    this.wishes++;
    this.rig?.microphone.stop();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.rig?.microphone.setMuted(muted);
  }

  setGate(open: boolean): void {
    this.gate = open;
    this.rig?.microphone.setGate(open);
  }

  beginTurn(): void {
    this.stopHesitating();
    this.rig?.speaker.beginTurn();
  }

  play(pcm: Int16Array): void {
    this.rig?.speaker.play(pcm);
  }

  endTurn(): void {
    this.rig?.speaker.endTurn();
  }

  drop(): void {
    this.stopHesitating();
    this.rig?.speaker.drop();
  }

  get microphoneId(): string | null {
    return this.rig?.microphone.id ?? null;
  }

  get inputLevel(): number {
    return this.rig?.microphone.level ?? 0;
  }

  get outputLevel(): number {
    return this.rig?.speaker.level ?? 0;
  }

  get playedMs(): number {
    return this.rig?.speaker.playedMs ?? 0;
  }

  async resumeSound(): Promise<void> {
    await this.rig?.unlock.resume();
  }

  close(): Promise<void> {
    this.closing ??= this.release();
    return this.closing;
  }

  private async make(): Promise<Rig> {
    if (this.closing !== null) throw new Error("This audio was closed; make another one.");
    // At the device's own rate: Firefox refuses a microphone at any other.
    const context = new AudioContext({ latencyHint: "interactive" });
    try {
      return await this.equip(context);
    } catch (error) {
      await shut(context);
      throw error;
    }
  }

  private async equip(context: AudioContext): Promise<Rig> {
    // Insecure pages have none, whatever the types say.
    if ((context.audioWorklet as AudioWorklet | undefined) === undefined) {
      throw new Error("This page has no AudioWorklet: serve it by https, or from localhost.");
    }
    await context.audioWorklet.addModule(this.options.workletUrl);
    if (this.closing !== null) throw new Error("The audio was closed while it opened.");
    const unlock = new Unlock(context, (state) => this.sounds(state));
    const failed = (reason: string): void => this.hooks.failed(reason);
    const played = (ms: number, why: PlayedReason): void => this.played(ms, why);
    const speaker = new Speaker(context, this.options.outputRate, played, failed);
    const { inputRate, frameMs } = this.options; // and no URL, which cannot go to another thread
    const microphone = new Microphone(context, { inputRate, frameMs }, {
      frame: (pcm) => this.hooks.microphone(pcm),
      voice: (what, over) => this.voice(what, over),
      state: (state) => this.hooks.micState(state),
      devices: (list) => this.hooks.devices(list),
      replaced: (label) => this.hooks.replaced(label),
      failed,
    });
    microphone.setMuted(this.muted);
    microphone.setGate(this.gate);
    this.rig = { context, unlock, speaker, microphone };
    this.hooks.element(speaker.element);
    await unlock.start();
    return this.rig;
  }

  private async release(): Promise<void> {
    this.stopHesitating();
    clearInterval(this.ticking);
    const { rig } = this;
    this.rig = null;
    if (rig === null) {
      await this.opening?.catch(() => undefined); // it sees that it is closed, and shuts its context
      return;
    }
    rig.microphone.close();
    rig.speaker.close();
    rig.unlock.close();
    await shut(rig.context);
  }

  private sounds(state: SoundState): void {
    clearInterval(this.ticking);
    if (state === "blocked") {
      this.ticking = setInterval(() => {
        const speaker = this.rig?.speaker;
        if (speaker?.waiting === true) this.hooks.played(speaker.playedMs, "tick");
      }, TICK_MS);
    }
    this.hooks.soundState(state);
  }

  private played(ms: number, why: PlayedReason): void {
    if (why === "dry" || why === "stopped") this.stopHesitating();
    this.hooks.played(ms, why);
  }

  private voice(what: "began" | "ended", over: boolean): void {
    if (!this.options.bargeIn) return;
    const now = performance.now();
    if (what === "began") return this.hesitate(this.hesitation.began(now, over));
    this.hesitation.ended(now);
    this.hesitate(null);
  }

  private hesitate(deed: Deed): void {
    if (deed === "pause") this.rig?.speaker.pause();
    if (deed === "resume") this.rig?.speaker.resume();
    clearTimeout(this.goOn);
    const { due } = this.hesitation;
    if (due === null) return;
    const now = performance.now();
    // Timers may fire a little early, hence at least the moment that was waited for.
    const later = (): void => this.hesitate(this.hesitation.at(Math.max(due, performance.now())));
    this.goOn = setTimeout(later, due - now);
  }

  private stopHesitating(): void {
    clearTimeout(this.goOn);
    this.hesitation.cancel();
  }
}

async function shut(context: AudioContext): Promise<void> {
  if (context.state !== "closed") await context.close();
}
