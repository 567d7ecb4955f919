/** Whether the page may be heard, and how it comes to it: by the next touch or key, wherever it is. */
import type { SoundState } from "./seam.js";

/** For touch it is the lifted finger that browsers take as a wish. */
const WISHES = ["pointerdown", "pointerup", "keydown"] as const;
/** A context that may sound runs after some ms; until then it is not called blocked. */
const PATIENCE_MS = 200;

export class Unlock {
  private state: SoundState = "off";
  private readonly closing = new AbortController();

  constructor(
    private readonly context: AudioContext,
    private readonly told: (state: SoundState) => void,
  ) {}

  /** Tries at once; from then on tells the state whenever it changes. */
  async start(): Promise<void> {
    await this.resume(PATIENCE_MS);
    if (this.closing.signal.aborted) return;
    const options = { capture: true, passive: true, signal: this.closing.signal };
    for (const wish of WISHES) document.addEventListener(wish, () => this.nudge(), options);
    // After a call or Siri a phone leaves the context interrupted until somebody asks.
    document.addEventListener("visibilitychange", () => this.nudge(), options);
    this.context.addEventListener("statechange", () => this.look(), options);
    this.look();
  }

  /** Resolves when the sound runs, or when it is clear that it does not yet. */
  async resume(patience = 1000): Promise<void> {
    if (this.context.state === "running" || this.context.state === "closed") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((done) => {
      timer = setTimeout(done, patience);
    });
    // Without permission Chromium's promise stays open for ever, and Safari's rejects.
    await Promise.race([this.context.resume().catch(() => undefined), enough]);
    clearTimeout(timer);
  }

  close(): void {
    this.closing.abort();
    this.become("off");
  }

  private nudge(): void {
    if (this.state === "blocked" && document.visibilityState === "visible") void this.resume();
  }

  private look(): void {
    if (this.context.state === "closed") return;
    this.become(this.context.state === "running" ? "on" : "blocked"); // "interrupted" (iOS) too
  }

  private become(state: SoundState): void {
    if (state === this.state) return;
    this.state = state;
    this.told(state);
  }
}
