/** What the widget knows of its line, whoever holds it, and what of that is news to the page. */
import { bareLine, fresh, isOpen, type Line, lineOf, type Model } from "./model.js";
import { pageAt } from "./navigate.js";
import type { ControlledSession, LiveKitSession, TranscriptEntry } from "./seam.js";
import type { Settings } from "./settings.js";
import { NOTHING, type Seen, type Tiding, tidings } from "./tidings.js";

export interface WatchHooks {
  changed(): void;
  said(entries: readonly TranscriptEntry[]): void;
  /** The conversation was over and is gone on with: what was said is kept, and what was being said is not. */
  pickedUp(): void;
  notice(code: string, text: string): void;
  /** Other microphones are there, or they have names now that one was allowed. */
  devices(): void;
  /** Whether the page wants to be told here where the agent leads. */
  leads(): boolean;
  tell(tiding: Tiding): void;
}

/** What a whole page says already needs no notice. */
const SHOWN_BY_STATE: ReadonlySet<string> = new Set(["ended", "replaced", "going_away", "insufficient_balance"]);

/** Widgets that show a session, in their order. */
const shown = new WeakMap<LiveKitSession, Set<Watch>>();

export abstract class Watch {
  model: Model;
  /** The session, the widget's own or the one behind what the page lends. */
  session: LiveKitSession | null = null;
  entries: readonly TranscriptEntry[] = [];
  /** What shows that one was in the last conversation. */
  proof: string | null = null;
  /** Something was asked for that comes before the line: the visitor sees that it was heard. */
  protected pending = false;
  private seen: Seen = NOTHING;
  /** The line that stood last had been built anew from what was kept. */
  private rebuilt = false;
  private deaf: (() => void)[] = [];

  constructor(
    settings: Settings,
    protected readonly tells: WatchHooks,
  ) {
    this.model = fresh(settings, globalThis.navigator?.onLine ?? true);
  }

  /** What the drawing listens to; nothing while the line is down. */
  get source(): LiveKitSession | null {
    return this.model.line.state === "connected" ? this.session : null;
  }

  settle(settings: Settings): void {
    this.update({ settings });
  }

  online(is: boolean): void {
    this.update({ online: is });
  }

  /** The state of the line is another one. */
  protected abstract moved(line: Line): void;

  protected follow(session: LiveKitSession): void {
    this.session = session;
    const show = (): void => this.look();
    const beside = shown.get(session) ?? new Set<Watch>();
    shown.set(session, beside.add(this));
    this.deaf = [
      session.subscribe(show),
      session.subscribeToDataMessages((message) => this.tells.tell(["duologue-message", { message }])),
      session.on("notice", ({ code, message }) => {
        if (!SHOWN_BY_STATE.has(code)) this.tells.notice(code, message);
      }),
      session.on("devices", () => this.tells.devices()),
      session.on("navigate", (url) => {
        // A page may hand to its router whatever it is told: `javascript:` is no page.
        if (this.isLeader(beside) && pageAt(url, location.href) !== null) this.tells.tell(["duologue-navigate", { url }]);
      }),
      () => beside.delete(this),
    ];
    show();
  }

  /** Shows an object of the page's own; `first` where another one was shown before. */
  protected show(controlled: ControlledSession, first: boolean): void {
    if (first && controlled.subscribeToDataMessages !== undefined) {
      const tell = (message: unknown): void => this.tells.tell(["duologue-message", { message }]);
      this.deaf = [controlled.subscribeToDataMessages(tell)];
    }
    this.look(controlled);
  }

  /** Shows the line as it is now: of the session, or else of this object. */
  protected look(controlled: ControlledSession | null = null): void {
    const snapshot = this.session?.snapshot;
    if (snapshot) this.see(lineOf(snapshot), snapshot);
    else if (controlled !== null) this.see(bareLine(controlled), controlled);
  }

  /** Listens to nothing any more, and shows what it showed at first. */
  protected forget(): void {
    for (const one of this.deaf.splice(0)) one();
    this.session = null;
    this.pending = false;
    this.seen = NOTHING;
    this.entries = [];
    this.model = fresh(this.model.settings, this.model.online);
    this.tells.said([]);
    this.tells.changed();
  }

  protected update(change: Partial<Model>): void {
    this.model = { ...this.model, ...change };
    this.tells.changed();
  }

  /** One of them leads the page where the agent wants: whichever the page wants to hear, else the first. */
  private isLeader(beside: ReadonlySet<Watch>): boolean {
    const all = [...beside];
    return (all.find((one) => one.tells.leads()) ?? all[0]) === this;
  }

  private see(now: Line, seen: Seen): void {
    const { line: was, lostAt, holding, trouble } = this.model;
    const shut = now.state !== "connected" && now.state !== "reconnecting";
    const line: Line = this.pending && shut ? { ...now, state: "connecting" } : now;
    const { state } = line;
    const before = this.seen;
    const told = tidings(before, seen);
    // Who leaves has the words before them still, though the session itself forgets them.
    const kept = seen.transcript.length === 0 && shut ? this.entries : seen.transcript;
    const words = kept !== this.entries;
    this.seen = seen;
    this.entries = kept;
    const moved = state !== was.state;
    const again = moved && line.retryAfter !== null ? performance.now() + line.retryAfter * 1000 : null;
    this.update({
      line,
      trouble: line.trouble && { ...line.trouble, retryAt: moved ? again : (trouble?.retryAt ?? null) },
      lostAt: state === "reconnecting" ? (lostAt ?? performance.now()) : null,
      holding: state === "connected" && holding,
      spoken: kept.length > 0,
      asks: this.model.asks && !isOpen(line), // another surface was agreed at
    });
    const ticket = this.session?.ticket;
    if (ticket != null) this.proof = ticket.resumeToken || ticket.token;
    if (words) this.tells.said(kept);
    if (moved && state === "connected") {
      // Not of a line that blinked: nothing of it was away. Nor to a surface that comes to one that stands.
      const rebuilt = seen.resumed === "rebuilt";
      const mended = was.state === "reconnecting" && this.rebuilt;
      if (rebuilt && !mended && before !== NOTHING) this.tells.pickedUp();
      this.rebuilt = rebuilt;
    }
    if (moved) this.moved(line);
    for (const each of told) this.tells.tell(each);
  }
}
