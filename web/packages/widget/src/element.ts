/** `<duologue-widget>`: an agent on any page, by one tag. */
import { NAMES } from "./attributes.js";
import { Call } from "./call.js";
import { type Agreed, termsOf } from "./consent.js";
import { Lending } from "./lending.js";
import { listen } from "./listening.js";
import { Looks } from "./looks.js";
import { pageAt, tellPage, TITLED_MS } from "./navigate.js";
import { sessionOptions, type Visitor } from "./options.js";
import { PHONE, trap } from "./phone.js";
import type { ControlledSession, Home, LiveKitSession } from "./seam.js";
import { sheets } from "./styles/index.js";
import { Tag } from "./tag.js";
import { fromRight, type Texts } from "./texts/index.js";
import type { Tiding } from "./tidings.js";
import { tellVerdict } from "./verdict.js";
import { View } from "./view.js";

/** On a server there are no elements; an import is harmless there. */
const Base = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement);

/** The element behind the tag: a launcher in a corner, or a panel in the page. */
export class DuologueWidget extends Base {
  static readonly observedAttributes: readonly string[] = NAMES;
  static home: Home = { origin: null, load: () => Promise.reject(new Error("the widget has no client")) };

  /** Called with each address to which the agent leads; without it, the page is loaded. */
  declare onNavigate: ((url: string) => void) | null;
  /** Who visits the site, as its tracker knows it. */
  declare visitor: Visitor;
  /** The site's own server, asked for sessions instead of the agent's; it answers as that one does. */
  declare sessionEndpoint: string | null;

  private readonly view: View;
  private readonly call: Call;
  private readonly looks: Looks;
  private readonly tag: Tag;
  private readonly lending = new Lending();
  private opened = false;
  private living: AbortController | null = null;
  private lent: ControlledSession | null = null;
  private stale = false;
  private telling: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.onNavigate ??= null; // unless a page set it before the script came
    this.visitor ??= null;
    this.sessionEndpoint ??= null;
    this.tag = new Tag(this, {
      origin: () => DuologueWidget.home.origin,
      lent: () => this.lent,
      again: () => this.refresh(),
      left: () => this.call.close(),
    });
    this.call = new Call(this.tag.settings, {
      changed: () => this.draw(),
      said: () => this.view?.said(),
      pickedUp: () => this.notice(this.tag.t("pickedUp")),
      notice: (text) => this.notice(text),
      devices: () => void this.devices(),
      tell: (tiding) => this.tell(tiding),
      make: (agreed) => this.make(agreed),
      terms: async () => {
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
    if (this.opened || this.settings.embedded) return;
    this.turn(true);
    this.view.launcher.hush();
    this.view.focus();
    this.tell(["duologue-open", {}]);
  }

  /** Closes the panel; a conversation goes on. */
  close(): void {
    if (!this.opened || !this.settings.dismissible || this.settings.embedded) return;
    const had = this.shadowRoot?.activeElement != null;
    this.turn(false);
    if (had) this.view.launcher.button.focus({ preventScroll: true });
    this.tell(["duologue-close", {}]);
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
      key: (event: KeyboardEvent) => this.key(event),
      online: () => this.call.online(navigator.onLine),
      blur: () => this.call.release(),
      narrow: () => this.draw(),
      page: () => this.tellPage(),
    };
    listen(this.view, ears, signal);
    this.looks.begin(() => this.settings, signal);
    if (this.lent === null) this.refresh();
    else void this.borrow(this.lent);
    const { persistKey, defaultOpen, dismissible, embedded } = this.settings;
    const kept = persistKey === null ? null : this.call.remember.open(persistKey);
    this.opened = !embedded && (!dismissible || (kept ?? defaultOpen));
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
      this.view.end();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === "pathname") this.tellPage();
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

  private get modal(): boolean {
    const corner = !this.settings.embedded && this.settings.position !== "inline";
    return this.opened && corner && matchMedia(PHONE).matches;
  }

  private key(event: KeyboardEvent): void {
    if (this.modal) trap(this.view.panel, event);
    if (event.key !== "Escape" || event.isComposing) return;
    if (this.call.model.asks) this.call.refuse();
    else if (this.settings.embedded) this.call.interrupt();
    else if (this.opened) this.close();
    else return this.view.launcher.hush();
    event.stopPropagation();
  }

  private turn(open: boolean): void {
    this.opened = open;
    if (this.settings.persistKey !== null) this.call.remember.keepOpen(this.settings.persistKey, open);
    this.draw();
    if (open) this.prefetch();
  }

  private async borrow(controlled: ControlledSession | null): Promise<void> {
    const behind = this.lending.behind(controlled);
    this.call.borrow(controlled, behind);
    this.refresh();
    if (controlled === null || behind !== null) return;
    const found = await this.lending.find(controlled, () => DuologueWidget.home.load(this.tag.clientUrl));
    if (found !== null && this.call.controlled === controlled) this.call.borrow(controlled, found);
  }

  /** Loads what is needed to talk, a moment before it is. */
  private prefetch(): void {
    if (this.settings.agent !== "") void this.call.prepare();
  }

  private async make(agreed: () => Agreed | null): Promise<LiveKitSession> {
    const { LiveKitSession } = await DuologueWidget.home.load(this.tag.clientUrl);
    await this.tag.asking;
    return new LiveKitSession(sessionOptions(this.tag, () => this.visitor, agreed, this.sessionEndpoint));
  }

  private tell([name, detail]: Tiding): void {
    const leads = name === "duologue-navigate";
    const event = new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: leads });
    const stays = !this.dispatchEvent(event);
    if (name === "duologue-connect") void this.devices();
    if (!leads || stays) return;
    const url = String(detail["url"]);
    if (this.onNavigate !== null) return this.onNavigate(url);
    const to = pageAt(url, location.href);
    if (to !== null) location.assign(to);
  }

  private async devices(): Promise<void> {
    this.view.foot.list((await this.call.session?.devices().catch(() => [])) ?? []);
    this.draw();
  }

  private tellPage(): void {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const { session, model } = this.call;
      if (session !== null && model.line.state === "connected") tellPage(session, this.pathname);
    }, TITLED_MS);
  }

  /** Takes what the tag, the server and the page say, as it is now. */
  private refresh(): void {
    if (this.living === null) return;
    const other = this.tag.read(this.call.session?.snapshot ?? null);
    const { settings, t } = this.tag;
    this.view.root.lang = settings.language;
    this.view.root.dir = fromRight(settings.language) ? "rtl" : "ltr";
    this.looks.apply(settings);
    this.call.settle(settings);
    this.view.speak(settings.language, t);
    this.draw();
    if (other) this.begin();
  }

  /** Goes on with what a reload broke, or makes ready for whoever is about to talk. */
  private begin(): void {
    if (this.call.interrupted) void this.tag.asking.then(() => this.call.goOn());
    else if (this.opened || this.settings.embedded) this.prefetch();
  }

  private notice(text: string): void {
    this.view.notices.show(text, this.tag.t("dismiss"));
  }

  private draw(): void {
    if (this.living === null) return;
    this.view.draw(this.opened, this.modal);
  }
}
