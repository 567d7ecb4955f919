/** The conversation behind the widget: its own session or one that the page lends it, and what is asked of it. */
import { remembered, type Terms } from "./consent.js";
import { IDLE, isOpen, type Line } from "./model.js";
import { type Choices, Remember } from "./remember.js";
import type { Agreement, ControlledSession, LiveKitSession } from "./seam.js";
import type { Settings } from "./settings.js";
import { Watch, type WatchHooks } from "./watch.js";

export interface CallHooks extends WatchHooks {
  /** Makes a session of the widget's own. */
  make(): Promise<LiveKitSession>;
  /** The terms, once it is known whether there are any; `anew` asks the server for those that hold now. */
  terms(anew: boolean): Promise<Terms | null>;
}

export class Call extends Watch {
  controlled: ControlledSession | null = null;
  terms: Terms | null = null;
  readonly remember = new Remember();
  private choices: Choices;
  private agreed: Agreement | null = null;
  private making: Promise<LiveKitSession | null> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private after: (() => void) | null = null;
  /** Says what opened the line; one that is refused and tried again says it then. */
  private opener: (() => void) | undefined;
  /** Counts what was begun or given up, so that nothing goes on that was given up. */
  private epoch = 0;
  /** Counts whom the widget shows, so that no session is shown that was made for another. */
  private whose = 0;

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

  /** Gives a session that the page lends what the visitor agreed to another day: the page may open it by itself. */
  async remind(): Promise<void> {
    const { epoch } = this;
    const terms = await this.hooks.terms(false);
    if (epoch !== this.epoch || this.controlled === null || this.session === null) return;
    if (terms !== null && this.mayBegin(terms)) this.session.consent = this.agreed;
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
    this.hooks.tell(["duologue-consent", { ...this.agreed }]);
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

  protected override moved({ state, retryAfter, trouble }: Line): void {
    clearTimeout(this.timer);
    if (trouble?.code === "consent_required") void this.mend();
    if (state === "connected" || state === "disconnected") this.opener = undefined;
    if (state === "disconnected") this.choose({ live: false });
    if (state === "failed" && retryAfter !== null && this.controlled === null) {
      this.timer = setTimeout(() => this.start(), Math.max(1, retryAfter) * 1000);
    }
  }

  /**
   * The server wants another agreement: a page that opens its session by itself knows of no terms, and terms
   * change while a page is open. Then those that hold now are shown after the refusal.
   */
  private async mend(): Promise<void> {
    const { epoch } = this;
    const terms = await this.hooks.terms(true);
    const told = this.session?.consent?.hash;
    if (epoch === this.epoch && this.session !== null && terms !== null && told !== terms.hash) this.start();
  }

  private get who(): string {
    return this.model.settings.agent;
  }

  private async open(voice: boolean, muted: boolean, anew: boolean, then?: () => void): Promise<void> {
    if (isOpen(this.model.line)) return;
    clearTimeout(this.timer);
    const epoch = ++this.epoch;
    this.choose({ voice, muted });
    this.pending = true;
    this.update({ line: { ...this.model.line, state: "connecting" }, trouble: null });
    const terms = await this.hooks.terms(false);
    if (epoch !== this.epoch) return;
    if (!this.mayBegin(terms)) {
      this.pending = false;
      this.after = () => void this.open(voice, muted, anew, then);
      this.update({ asks: true, line: { ...this.model.line, state: "idle" } });
      return;
    }
    const session = await this.prepare();
    if (epoch !== this.epoch) return;
    if (session !== null && this.agreed !== null) session.consent = this.agreed;
    if (this.controlled !== null) {
      const connected = this.controlled.connect();
      this.pending = false;
      then?.();
      // The object that the page lends says it, and says nothing where nothing became of it.
      return connected.catch(() => void (epoch === this.epoch && this.look(this.controlled)));
    }
    if (session === null) return;
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

  /** Whether the visitor agreed to the terms, now or another day, or there are none. */
  private mayBegin(terms: Terms | null): boolean {
    this.terms = terms;
    if (terms === null) return true;
    const { agreed, session } = this;
    const known = [agreed, session?.consent ?? null].find((one) => one?.hash === terms.hash);
    this.agreed = known ?? remembered(terms, this.remember);
    return this.agreed !== null;
  }

  private async made(): Promise<LiveKitSession | null> {
    const { epoch, whose } = this;
    try {
      const session = await this.hooks.make();
      if (whose !== this.whose) {
        session.close();
        return null;
      }
      this.follow(session);
      session.on("audioElement", (voice) => this.hush(voice)); // it may come before the line is open
      return session;
    } catch (error) {
      if (whose !== this.whose) return null;
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
    this.whose++;
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
