/** `<duologue-widget>`: an agent on any page, by one tag. */
import { NAMES } from "./attributes.js";
import { Call } from "./call.js";
import { termsOf } from "./consent.js";
import { Lending } from "./lending.js";
import { listen } from "./listening.js";
import { Looks } from "./looks.js";
import { sessionOptions, type Visitor } from "./options.js";
import { Panel } from "./panel.js";
import type { ControlledSession, Home, LiveKitSession } from "./seam.js";
import { sheets } from "./styles/index.js";
import { Tag } from "./tag.js";
import { fromRight, type TextKey, type Texts } from "./texts/index.js";
import { Telling } from "./telling.js";
import type { Tiding } from "./tidings.js";
import { tellVerdict } from "./verdict.js";
import { View } from "./view.js";

/** On a server there are no elements; an import is harmless there. */
const Base = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement);

/** What the widget says in its own language of what is noticed; the rest comes in words. */
const NOTICES: Readonly<Record<string, TextKey>> = {
  balance_low: "endsSoon",
  ends_soon: "endsSoon",
  handed_back: "agentAgain",
  taken_over: "person",
};

const nowhere = (): Promise<never> => Promise.reject(new Error("the widget has no client"));

/** The element behind the tag: a launcher in a corner, or a panel in the page. */
export class DuologueWidget extends Base {
  static readonly observedAttributes: readonly string[] = NAMES;
  static home: Home = { origin: null, load: () => nowhere(), words: () => nowhere() };

  /** Called with each address to which the agent leads; without it, the page is loaded. */
  declare onNavigate: ((url: string) => void) | null;
  /** Who visits the site, as its tracker knows it. */
  declare visitor: Visitor;
  /** The site's own server, asked for sessions instead of the agent's; it answers as that one does. */
  declare sessionEndpoint: string | null;

  private readonly view: View;
  private readonly panel: Panel;
  private readonly call: Call;
  private readonly looks: Looks;
  private readonly tag: Tag;
  private readonly lending = new Lending();
  private readonly telling = new Telling(this);
  private living: AbortController | null = null;
  private lent: ControlledSession | null = null;
  private stale = false;

  constructor() {
    super();
    this.onNavigate ??= null; // unless a page set it before the script came
    this.visitor ??= null;
    this.sessionEndpoint ??= null;
    this.tag = new Tag(this, {
      origin: () => DuologueWidget.home.origin,
      lent: () => this.lent,
      words: (language, client) => DuologueWidget.home.words(language, client),
      again: () => this.refresh(),
      left: () => this.call.close(),
    });
    this.call = new Call(this.tag.settings, {
      changed: () => this.draw(),
      said: () => this.view?.said(),
      pickedUp: () => this.notice(this.tag.t("pickedUp")),
      notice: (code, text) => {
        const key = NOTICES[code];
        this.notice(key === undefined ? text : this.tag.t(key));
      },
      devices: () => void this.devices(),
      leads: () => this.onNavigate !== null,
      tell: (tiding) => this.tell(tiding),
      make: () => this.make(),
      terms: async (anew) => {
        if (anew) this.tag.ask(true);
        await this.tag.asking;
        return termsOf(this.tag.given.consent, this.tag.face);
      },
    });
    this.view = new View(this.call, {
      open: () => this.open(),
      close: () => this.close(),
      verdict: (verdict) => {
        this.tell(["duologue-feedback", { ...verdict }]);
        void tellVerdict(this.tag.base, this.call.proof, verdict);
      },
    });
    this.panel = new Panel(this.view, this.call, {
      changed: () => this.draw(),
      near: () => this.prefetch(),
      tell: (tiding) => this.tell(tiding),
    });
    this.looks = new Looks(this.view.root, () => this.view.repaint());
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = sheets();
    shadow.append(this.view.root);
  }

  /** The session of the widget's own, or behind the one that the page lends; null before anybody talks. */
  get session(): LiveKitSession | null {
    return this.call.session;
  }

  /** A session that the page holds: it is shown here, and never left by the widget itself. */
  get controlledSession(): ControlledSession | null {
    return this.lent;
  }

  set controlledSession(controlled: ControlledSession | null | undefined) {
    this.lent = controlled ?? null;
    if (this.living !== null) void this.borrow(this.lent);
  }

  get pathname(): string | null {
    return this.getAttribute("pathname");
  }

  set pathname(path: string | null) {
    if (path === null) this.removeAttribute("pathname");
    else this.setAttribute("pathname", path);
  }

  /** Words that replace the widget's own, by their keys. */
  get texts(): Partial<Texts> {
    return this.tag.texts;
  }

  set texts(found: Partial<Texts>) {
    this.tag.texts = this.tag.meant("texts", found);
    this.refresh();
  }

  /** Opens the panel. */
  open(): void {
    this.panel.open();
  }

  /** Closes the panel; a conversation goes on. */
  close(): void {
    this.panel.close();
  }

  /** Begins to talk, as the button does. */
  connect(): void {
    if (this.call.model.line.resumable) this.call.resume();
    else this.call.start();
  }

  /** Leaves the conversation. */
  disconnect(): void {
    this.call.end();
  }

  connectedCallback(): void {
    if (this.living !== null) return; // moved within the page
    this.living = new AbortController();
    const { signal } = this.living;
    for (const name of ["controlledSession", "texts", "pathname"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const early = this[name]; // set before the script came
      delete this[name];
      Object.assign(this, { [name]: early });
    }
    this.tag.begin(signal);
    const ears = {
      near: () => this.prefetch(),
      key: (event: KeyboardEvent) => this.panel.key(event),
      online: () => this.call.online(navigator.onLine),
      blur: () => this.call.release(),
      narrow: () => this.draw(),
      page: () => this.telling.agent(this.call),
    };
    listen(this.view, ears, signal);
    this.looks.begin(() => this.settings, signal);
    if (this.lent === null) this.refresh();
    else void this.borrow(this.lent);
    this.panel.begin();
    this.view.begin();
    this.draw();
    this.begin();
  }

  disconnectedCallback(): void {
    // A move within the page takes it out and puts it in again before anything else happens.
    setTimeout(() => {
      if (this.isConnected || this.living === null) return;
      this.living.abort();
      this.living = null;
      this.call.close();
      this.telling.end();
      this.view.end();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === "pathname") this.telling.agent(this.call);
    if (this.living === null || this.stale) return;
    this.stale = true;
    queueMicrotask(() => {
      this.stale = false;
      if (this.living !== null) this.refresh();
    });
  }

  private get settings(): Tag["settings"] {
    return this.tag.settings;
  }

  private async borrow(controlled: ControlledSession | null): Promise<void> {
    const behind = this.lending.behind(controlled);
    const before = this.call.session;
    this.call.borrow(controlled, behind);
    this.refresh();
    if (behind !== null && behind !== before) void this.call.remind();
    if (controlled === null || behind !== null) return;
    const found = await this.lending.find(controlled, () => DuologueWidget.home.load(this.tag.clientUrl));
    if (found === null || this.call.controlled !== controlled) return;
    this.call.borrow(controlled, found);
    void this.call.remind();
  }

  /** Loads what is needed to talk, a moment before it is. */
  private prefetch(): void {
    if (this.settings.agent !== "") void this.call.prepare();
  }

  private async make(): Promise<LiveKitSession> {
    const { LiveKitSession } = await DuologueWidget.home.load(this.tag.clientUrl);
    await this.tag.asking;
    return new LiveKitSession(sessionOptions(this.tag, () => this.visitor, this.sessionEndpoint));
  }

  private tell(tiding: Tiding): void {
    this.telling.page(tiding);
    if (tiding[0] !== "duologue-connect") return;
    void this.devices();
    if (this.pathname !== null) this.telling.agent(this.call); // of the address itself the door was told
  }

  private async devices(): Promise<void> {
    this.view.foot.list((await this.call.session?.devices().catch(() => [])) ?? []);
    this.draw();
  }

  /** Takes what the tag, the server and the page say, as it is now. */
  private refresh(): void {
    if (this.living === null) return;
    const other = this.tag.read(this.call.session?.snapshot ?? null);
    const { settings, language, words, t } = this.tag;
    const { root } = this.view;
    root.lang = language;
    root.dir = fromRight(language) ? "rtl" : "ltr";
    root.hidden = words.awaited;
    this.looks.apply(settings);
    this.call.settle(settings);
    this.view.speak(language, t);
    this.draw();
    if (other) this.begin();
  }

  /** Goes on with what a reload broke, or makes ready for whoever is about to talk. */
  private begin(): void {
    if (this.call.interrupted) void this.tag.asking.then(() => this.call.goOn());
    else if (this.panel.opened || this.settings.embedded) this.prefetch();
  }

  private notice(text: string): void {
    this.view.notices.show(text, this.tag.t("dismiss"));
  }

  private draw(): void {
    if (this.living === null) return;
    this.view.draw(this.panel.opened, this.panel.modal);
  }
}
