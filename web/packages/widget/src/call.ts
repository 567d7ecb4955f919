/** The conversation behind the widget: its own session or one that the page lends it, and what is asked of it. */
import { type Agreed, remembered, type Terms } from "./consent.js";
import { IDLE, isOpen, type Line } from "./model.js";
import { type Choices, Remember } from "./remember.js";
import type { ControlledSession, LiveKitSession } from "./seam.js";
import type { Settings } from "./settings.js";
import { Watch, type WatchHooks } from "./watch.js";

export interface CallHooks extends WatchHooks {
  /** Makes a session of the widget's own; what was agreed to is asked for at each connection. */
  make(agreed: () => Agreed | null): Promise<LiveKitSession>;
  /** The terms, once it is known whether there are any. */
  terms(): Promise<Terms | null>;
}

export class Call extends Watch {
  controlled: ControlledSession | null = null;
  terms: Terms | null = null;
  readonly remember = new Remember();
  private choices: Choices;
  private agreed: Agreed | null = null;
  private making: Promise<LiveKitSession | null> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private after: (() => void) | null = null;
  /** Says what opened the line; one that is refused and tried again says it then. */
  private opener: (() => void) | undefined;
  /** Counts what was begun or given up, so that nothing goes on that was given up. */
  private epoch = 0;

  constructor(
    settings: Settings,
    private readonly hooks: CallHooks,
  ) {
    super(settings, hooks);
    this.choices = { voice: settings.mode !== "text", muted: settings.micMuted, live: false };
  }

  /** Whether a reload of this tab broke a conversation, as far as one knows without the client. */
  get interrupted(): boolean {
    return this.controlled === null && this.remember.choices(this.who, this.choices).live;
  }

  /** Makes the session, so that it is known whether it can be resumed. */
  prepare(): Promise<LiveKitSession | null> {
    if (this.controlled !== null) return Promise.resolve(this.session);
    this.making ??= this.made();
    return this.making;
  }

  /** Goes on with the conversation that a reload of this tab broke. */
  async goOn(): Promise<void> {
    const session = await this.prepare();
    if (session === null || isOpen(this.model.line)) return;
    const chosen = this.remember.choices(this.who, this.choices);
    if (session.reloaded) await this.open(chosen.voice, chosen.muted, false);
    else this.choose({ live: false });
  }

  /** Shows a session of the page's, or, of none, begins again with one of the widget's own. */
  borrow(controlled: ControlledSession | null, behind: LiveKitSession | null): void {
    const first = (controlled === null) !== (this.controlled === null) || behind !== this.session;
    if (first) this.let();
    this.controlled = controlled;
    if (controlled === null) return;
    if (behind === null) this.show(controlled, first);
    else if (first) this.follow(behind);
  }

  start(): void {
    const { line, settings } = this.model;
    const voice = settings.mode !== "text" && (line.state === "idle" || this.choices.voice);
    const again = line.state === "failed";
    void this.open(voice, settings.micMuted, !again, again ? this.opener : undefined);
  }

  anew(): void {
    void this.open(this.choices.voice, this.choices.muted, true);
  }

  resume(): void {
    void this.open(this.choices.voice, this.choices.muted, false);
  }

  /** Sends what was typed, and opens the line for it if none is open. */
  say(text: string): void {
    const { line } = this.model;
    if (isOpen(line)) this.session?.sendText(text);
    else {
      this.opener = () => this.session?.sendText(text);
      void this.open(false, false, !line.resumable, this.opener);
    }
  }

  end(): void {
    this.epoch++;
    this.pending = false;
    clearTimeout(this.timer);
    this.choose({ live: false });
    (this.controlled ?? this.session)?.disconnect();
    if (this.model.line.state === "connecting") this.update({ line: IDLE }); // nobody was asked yet
  }

  toggleMute(): void {
    this.choose({ muted: this.model.line.microphone !== "muted" });
    this.session?.setMuted(this.choices.muted);
  }

  interrupt(): void {
    if (this.model.line.state === "connected") this.session?.interrupt();
  }

  hear(): void {
    void this.session?.unblockSound();
  }

  speak(deviceId?: string): void {
    this.choose({ voice: true });
    const track = deviceId === undefined ? undefined : { deviceId };
    this.session?.publishMicrophone(track).catch(() => undefined); // the snapshot says it
  }

  hold(): void {
    const { line, holding } = this.model;
    if (line.state !== "connected" || !line.pushToTalk || holding || line.microphone !== "on") return;
    this.session?.startTurn();
    this.update({ holding: true });
  }

  release(): void {
    if (!this.model.holding) return;
    this.update({ holding: false });
    if (this.model.line.state === "connected") this.session?.endTurn();
  }

  agree(): void {
    if (this.terms === null) return;
    this.agreed = { hash: this.terms.hash, at: Date.now() };
    if (this.terms.hash !== "") this.remember.agree(this.agreed.hash, this.agreed.at);
    this.update({ asks: false });
    this.after?.();
    this.after = null;
  }

  refuse(): void {
    this.after = null;
    this.update({ asks: false });
  }

  /** Leaves what is the widget's own, and listens to nothing any more. Idempotent. */
  close(): void {
    this.let();
  }

  // ------------------------------------------------------------ within

  protected override moved({ state, retryAfter }: Line): void {
    clearTimeout(this.timer);
    if (state === "connected" || state === "disconnected") this.opener = undefined;
    if (state === "disconnected") this.choose({ live: false });
    if (state === "failed" && retryAfter !== null && this.controlled === null) {
      this.timer = setTimeout(() => this.start(), Math.max(1, retryAfter) * 1000);
    }
  }

  private get who(): string {
    return this.model.settings.agent;
  }

  private async open(voice: boolean, muted: boolean, anew: boolean, then?: () => void): Promise<void> {
    if (isOpen(this.model.line)) return;
    clearTimeout(this.timer);
    if (this.controlled !== null) {
      const connected = this.controlled.connect();
      then?.();
      return connected.catch(() => undefined); // the object that the page lends says it
    }
    const epoch = ++this.epoch;
    this.choose({ voice, muted });
    this.pending = true;
    this.update({ line: { ...this.model.line, state: "connecting" }, trouble: null });
    this.terms = await this.hooks.terms();
    if (epoch !== this.epoch) return;
    const { terms } = this;
    if (terms !== null && this.agreed?.hash !== terms.hash) this.agreed = remembered(terms, this.remember);
    if (terms !== null && this.agreed === null) {
      this.pending = false;
      this.after = () => void this.open(voice, muted, anew, then);
      this.update({ asks: true, line: { ...this.model.line, state: "idle" } });
      return;
    }
    const session = await this.prepare();
    if (session === null || epoch !== this.epoch) return;
    this.choose({ live: true });
    if (anew) session.reset();
    session.setMuted(muted);
    const connected = session.connect();
    this.pending = false;
    then?.(); // what is typed waits for the line by itself
    try {
      await connected;
      if (epoch === this.epoch && voice) await session.publishMicrophone();
    } catch {
      // The snapshot says it, and with it the widget.
    }
  }

  private async made(): Promise<LiveKitSession | null> {
    const { epoch } = this;
    try {
      const session = await this.hooks.make(() => this.agreed);
      if (this.controlled !== null || this.making === null) {
        session.close();
        return null;
      }
      this.follow(session);
      session.on("audioElement", (voice) => this.hush(voice)); // it may come before the line is open
      return session;
    } catch (error) {
      this.making = null;
      if (!this.pending && epoch === this.epoch) return null; // it is tried again when somebody talks
      const message = error instanceof Error ? error.message : String(error);
      this.pending = false;
      const trouble = { code: "unreachable", message, retryAt: null };
      this.update({ line: { ...IDLE, state: "failed" }, trouble });
      this.hooks.tell(["duologue-error", { code: trouble.code, message }]);
      return null;
    }
  }

  /** Whoever came to read is not spoken to. */
  private hush(voice: HTMLAudioElement | null): void {
    if (voice !== null) voice.muted = this.model.settings.mode === "text";
  }

  private let(): void {
    this.epoch++;
    clearTimeout(this.timer);
    const own = this.making === null ? null : this.session;
    this.making = null;
    this.terms = null;
    this.controlled = null;
    this.forget();
    own?.close();
  }

  private choose(choice: Partial<Choices>): void {
    this.choices = { ...this.choices, ...choice };
    if (this.controlled === null) this.remember.choose(this.who, this.choices);
  }
}
