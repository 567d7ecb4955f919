/** `<duologue-widget>`: an agent on any page, by one tag. */
import { ATTRIBUTES, type Complaint, type Given, NAMES, readAttributes } from "./attributes.js";
import { trimmed } from "./base.js";
import { Call } from "./call.js";
import { type Agreed, termsOf } from "./consent.js";
import { askFace, type Face, stranger } from "./face.js";
import { Looks } from "./looks.js";
import { isOpen } from "./model.js";
import { pages, within } from "./navigate.js";
import { aboveKeyboard, PHONE, trap } from "./phone.js";
import type { ControlledSession, LiveKitSession, Load } from "./seam.js";
import { combine, type Settings } from "./settings.js";
import { sheets } from "./styles/index.js";
import { fromRight, readTexts, type Texts, type Translate, translator } from "./texts/index.js";
import type { Tiding } from "./tidings.js";
import { View } from "./view.js";
import { tellVerdict } from "./verdict.js";

/** How the widget comes by the rest of itself; another one for the script tag than for a bundler. */
export interface Home {
  readonly origin: string | null;
  readonly load: Load;
}

/** On a server there are no elements; an import is harmless there. */
const Base = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement);

export class DuologueWidget extends Base {
  static readonly observedAttributes: readonly string[] = NAMES;
  static home: Home = { origin: null, load: () => Promise.reject(new Error("the widget has no client")) };

  /** Called with each address to which the agent leads; without it, pages of the same site are loaded. */
  onNavigate: ((url: string) => void) | null = null;
  /** Who visits the site, as its tracker knows it. */
  visitor: string | (() => string | null) | null = null;

  private readonly view: View;
  private readonly call: Call;
  private readonly looks: Looks;
  private given: Given = readAttributes(() => null);
  private face: Face = stranger("");
  private settings: Settings = combine(this.given, this.face, false, []);
  private t: Translate = translator("en");
  private ownTexts: Partial<Texts> = {};
  private loadedTexts: Partial<Texts> = {};
  private asking: Promise<Face | null> = Promise.resolve(null);
  private known = false;
  private who = "";
  private textsUrl: string | null = null;
  private opened = false;
  private living: AbortController | null = null;
  private stale = false;
  private readonly complained = new Set<string>();

  constructor() {
    super();
    this.call = new Call(this.settings, {
      changed: () => this.draw(),
      said: () => this.view?.said(),
      pickedUp: () => this.view.notices.show(this.t("pickedUp"), this.t("dismiss")),
      notice: (text) => this.view.notices.show(text, this.t("dismiss")),
      tell: (tiding) => this.tell(tiding),
      make: (agreed) => this.make(agreed),
      terms: async () => {
        await this.asking;
        return termsOf(this.given.consent, this.face);
      },
    });
    this.view = new View(this.call, {
      open: () => this.open(),
      close: () => this.close(),
      verdict: (verdict) => {
        this.tell(["duologue-feedback", { ...verdict }]);
        void tellVerdict(this.base, this.call.proof, verdict);
      },
    });
    this.looks = new Looks(this.view.root, () => this.view.repaint());
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = sheets();
    shadow.append(this.view.root);
  }

  // ------------------------------------------------------------ what a page asks of it

  /** The session of the widget's own, or behind the one that the page lends; null before anybody talks. */
  get session(): LiveKitSession | null {
    return this.call.session;
  }

  /** A session that the page holds: it is shown here, and never left by the widget itself. */
  get controlledSession(): ControlledSession | null {
    return this.call.controlled;
  }

  set controlledSession(controlled: ControlledSession | null | undefined) {
    void this.borrow(controlled ?? null);
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
    return this.ownTexts;
  }

  set texts(found: Partial<Texts>) {
    this.ownTexts = this.meant("texts", found);
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

  // ------------------------------------------------------------ what a browser asks of it

  connectedCallback(): void {
    if (this.living !== null) return; // moved within the page
    this.living = new AbortController();
    const { signal } = this.living;
    for (const name of ["controlledSession", "texts", "onNavigate", "visitor", "pathname"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const early = this[name]; // set before the script came
      if (name === "onNavigate" || name === "visitor") continue;
      delete this[name];
      Object.assign(this, { [name]: early });
    }
    this.listen(signal);
    this.refresh();
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
      const { controlled } = this.call;
      this.call.close();
      this.view.end();
      if (controlled !== null) void this.borrow(controlled); // it comes back with it
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

  // ------------------------------------------------------------ within

  private get base(): string {
    const { given, call } = this;
    const lent = call.controlled?.baseUrl;
    return trimmed(given["base-url"] ?? lent ?? DuologueWidget.home.origin ?? location.origin);
  }

  private get clientUrl(): string {
    return this.given["client-url"] ?? `${this.base}/assets/duologue.js`;
  }

  private get modal(): boolean {
    const corner = !this.settings.embedded && this.settings.position !== "inline";
    return this.opened && corner && matchMedia(PHONE).matches;
  }

  private listen(signal: AbortSignal): void {
    const { root, panel, launcher } = this.view;
    for (const name of ["pointerenter", "focus"] as const) {
      launcher.button.addEventListener(name, () => this.prefetch(), { signal });
    }
    root.addEventListener("keydown", (event) => this.key(event), { signal });
    for (const name of ["online", "offline"] as const) {
      addEventListener(name, () => this.call.online(navigator.onLine), { signal });
    }
    addEventListener("blur", () => this.call.release(), { signal });
    matchMedia(PHONE).addEventListener("change", () => this.draw(), { signal });
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.devices(), { signal });
    panel.addEventListener("pointerdown", () => this.view.launcher.hush(), { signal });
    this.looks.begin(() => this.settings, signal);
    aboveKeyboard(root, signal);
    pages(() => this.tellPage(), signal);
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
    const whole = controlled as (ControlledSession & { readonly session?: LiveKitSession }) | null;
    const behind = typeof whole?.session?.subscribe === "function" ? whole.session : null;
    this.call.borrow(controlled, behind);
    this.refresh();
    if (controlled === null || behind !== null) return;
    try {
      const client = await DuologueWidget.home.load(this.clientUrl);
      const found = client.sessionBehind(controlled);
      if (found !== null && this.call.controlled === controlled) this.call.borrow(controlled, found);
    } catch {
      // Then what the object itself says is all there is.
    }
  }

  /** Loads what is needed to talk, a moment before it is. */
  private prefetch(): void {
    if (this.settings.agent !== "") void this.call.prepare();
  }

  private async make(agreed: () => Agreed | null): Promise<LiveKitSession> {
    const { LiveKitSession } = await DuologueWidget.home.load(this.clientUrl);
    await this.asking;
    const { given, face, visitor } = this;
    const tabs = given.tabs !== null && face.overrides.includes("tabs") ? { tabs: given.tabs } : null;
    return new LiveKitSession({
      agentId: this.settings.agent,
      baseUrl: this.base,
      ...(given.key ? { apiKey: given.key } : {}),
      ...(given["worklet-url"] ? { workletUrl: given["worklet-url"] } : {}),
      ...(visitor === null ? {} : { visitor }),
      get sessionBody() {
        const consent = agreed();
        return { ...given.metadata, ...(tabs && { config: tabs }), ...(consent && { consent }) };
      },
    });
  }

  private tell([name, detail]: Tiding): void {
    const leads = name === "duologue-navigate";
    const event = new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: leads });
    const stays = !this.dispatchEvent(event);
    if (name === "duologue-connect") void this.devices();
    if (!leads || stays) return;
    const url = String(detail["url"]);
    if (this.onNavigate !== null) return this.onNavigate(url);
    const to = within(url, location.href);
    if (to !== null) location.assign(to);
  }

  private async devices(): Promise<void> {
    this.view.foot.list((await this.call.session?.devices().catch(() => [])) ?? []);
    this.draw();
  }

  private tellPage(): void {
    const { session, model } = this.call;
    if (session === null || model.line.state !== "connected") return;
    const path = this.pathname ?? location.pathname;
    const page = { type: "duologue.page", url: location.href, title: document.title, path };
    session.sendData(page).catch(() => undefined);
  }

  /** Takes what the tag, the server and the page say, as it is now. */
  private refresh(): void {
    if (this.living === null) return;
    this.given = readAttributes((name) => this.getAttribute(name), (complaint) => this.complain(complaint));
    const agent = this.given.agent || this.call.controlled?.agentId || "";
    const who = [this.base, agent, this.given.key].join(" ");
    const changed = this.who !== "" && who !== this.who;
    if (who !== this.who) this.meet(who, agent);
    const lent = (this.call.controlled ?? this.call.session?.snapshot)?.agentConfig;
    const face = this.known || !lent ? this.face : { ...this.face, ...lent, idleLoopUrl: lent.idleLoopUrl ?? null };
    const tongues = [this.closest("[lang]")?.getAttribute("lang") ?? "", ...navigator.languages].filter(Boolean);
    this.settings = combine({ ...this.given, agent }, face, this.known, tongues);
    const { language } = this.settings;
    void this.fetchTexts(this.given["texts-url"]);
    const own = { ...this.loadedTexts, ...this.meant("texts", this.given.texts ?? {}), ...this.ownTexts };
    this.t = translator(language, own);
    this.view.root.lang = language;
    this.view.root.dir = fromRight(language) ? "rtl" : "ltr";
    this.looks.apply(this.settings);
    this.call.settle(this.settings);
    this.view.speak(language, this.t);
    this.draw();
    if (changed) this.begin();
  }

  /** Goes on with what a reload broke, or makes ready for whoever is about to talk. */
  private begin(): void {
    if (this.call.interrupted) void this.asking.then(() => this.call.goOn());
    else if (this.opened || this.settings.embedded) this.prefetch();
  }

  /** Another agent than before: the conversation with that one is over, and this one is asked for. */
  private meet(who: string, agent: string): void {
    const first = this.who === "";
    this.who = who;
    this.known = false;
    this.face = stranger(agent);
    if (!first && this.call.controlled === null) this.call.close();
    const { controlled } = this.call;
    const server = this.given["base-url"] ?? controlled?.baseUrl ?? DuologueWidget.home.origin;
    if (agent === "" || (controlled !== null && server === null)) return this.unnamed(agent);
    const { signal } = this.living as AbortController;
    this.asking = askFace(this.base, agent, this.given.key, signal).then((face) => {
      if (face === null || who !== this.who) return null;
      this.known = true;
      this.face = face;
      this.refresh();
      return face;
    });
  }

  private unnamed(agent: string): void {
    if (agent === "") this.complain({ name: "agent", value: "", allowed: "the slug or id of an agent" });
  }

  private async fetchTexts(url: string | null): Promise<void> {
    if (url === this.textsUrl) return;
    this.textsUrl = url;
    this.loadedTexts = {};
    if (url === null) return;
    try {
      this.loadedTexts = this.meant("texts-url", await (await fetch(url)).json());
      this.refresh();
    } catch (error) {
      console.warn(`<${this.localName}> texts-url=${JSON.stringify(url)} could not be read: ${String(error)}`);
    }
  }

  private meant(name: string, found: unknown): Partial<Texts> {
    return readTexts(found, (key) => {
      this.complain({ name, value: key, allowed: "the keys of the widget's own words" });
    });
  }

  /** Once for each wrong value: what was said, and what may be. */
  private complain({ name, value, allowed }: Complaint): void {
    const words = `<${this.localName}> ${name}=${JSON.stringify(value)} means nothing; allowed: ${allowed}.`;
    if (this.complained.has(words)) return;
    this.complained.add(words);
    const without = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name as keyof typeof ATTRIBUTES].without : "";
    console.warn(without === "" ? words : `${words} What holds instead: ${without}.`);
  }

  private draw(): void {
    if (this.living === null) return;
    this.view.draw(this.opened, this.modal);
    this.toggleAttribute("data-talking", isOpen(this.call.model.line));
  }
}
