/** What holds for a tag: its own words, those of its page, and those of the agent's owner. */
import { ATTRIBUTES, type Complaint, type Given, readAttributes } from "./attributes.js";
import { trimmed } from "./base.js";
import { askFace, type Face, stranger } from "./face.js";
import type { ControlledSession, Language, Snapshot } from "./seam.js";
import { combine, type Settings } from "./settings.js";
import { readTexts, type Texts, type Translate, translator } from "./texts/index.js";
import { Words } from "./words.js";

export interface TagHooks {
  /** Where the script came from, if it came by a script tag. */
  readonly origin: () => string | null;
  /** What the page lends, if it lends anything. */
  readonly lent: () => ControlledSession | null;
  /** Brings a language; where the client is, its file is as well. */
  words(language: string, client: string): Promise<Language>;
  /** A face or words came. */
  again(): void;
  /** The tag names another agent than before. */
  left(): void;
}

export class Tag {
  given: Given = readAttributes(() => null);
  face: Face = stranger("");
  settings: Settings = combine(this.given, this.face, false, []);
  t: Translate = translator();
  readonly words = new Words({
    bring: async (language) => (await this.hooks.words(language, this.clientUrl)).default,
    came: () => this.hooks.again(),
    missing: (language, error) =>
      console.warn(
        `<${this.element.localName}> language=${JSON.stringify(language)}: its words could not be loaded from beside ` +
          `${this.clientUrl}; English holds instead. ${String(error)}`,
      ),
  });
  /** The page's own words. */
  texts: Partial<Texts> = {};
  /** Resolves when it is known who answers, or that nobody says it. */
  asking: Promise<unknown> = Promise.resolve();
  private loaded: Partial<Texts> = {};
  private textsUrl: string | null = null;
  private known = false;
  private who = "";
  private signal: AbortSignal = AbortSignal.abort();
  private readonly complained = new Set<string>();

  constructor(
    private readonly element: HTMLElement,
    private readonly hooks: TagHooks,
  ) {}

  get base(): string {
    const lent = this.hooks.lent()?.baseUrl;
    return trimmed(this.given["base-url"] ?? lent ?? this.hooks.origin() ?? location.origin);
  }

  get clientUrl(): string {
    return this.given["client-url"] ?? `${this.base}/assets/duologue.js`;
  }

  /** The language that is shown: English where the file of the one that is meant cannot be had. */
  get language(): string {
    return this.words.of(this.settings.language);
  }

  /** It stands in a page until the signal says otherwise. */
  begin(signal: AbortSignal): void {
    this.signal = signal;
    this.who = "";
    signal.addEventListener("abort", () => this.words.end());
  }

  /**
   * Takes everything as it is now; `snapshot` knows how the agent shows itself, once it is there.
   * Tells whether the tag names another agent than before.
   */
  read(snapshot: Snapshot | null): boolean {
    const { element } = this;
    this.given = readAttributes((name) => element.getAttribute(name), (complaint) => this.complain(complaint));
    const lent = this.hooks.lent();
    const agent = this.given.agent || lent?.agentId || "";
    const who = [this.base, agent, this.given.key].join(" ");
    const other = this.who !== "" && who !== this.who;
    if (who !== this.who) this.meet(who, agent);
    const shown = (lent ?? snapshot)?.agentConfig;
    const face = this.known || !shown ? this.face : { ...this.face, ...shown, idleLoopUrl: shown.idleLoopUrl ?? null };
    const tongues = [element.closest("[lang]")?.getAttribute("lang") ?? "", ...navigator.languages];
    this.settings = combine({ ...this.given, agent }, face, this.known, tongues.filter(Boolean));
    void this.fetchTexts(this.given["texts-url"]);
    const own = { ...this.loaded, ...this.meant("texts", this.given.texts ?? {}), ...this.texts };
    this.words.want(this.settings.language, this.clientUrl);
    this.t = translator(this.words.texts, own);
    return other;
  }

  /** What of somebody's words can be used. */
  meant(name: string, found: unknown): Partial<Texts> {
    const allowed = "the keys of the widget's own words";
    return readTexts(found, (value) => this.complain({ name, value, allowed }));
  }

  private meet(who: string, agent: string): void {
    const first = this.who === "";
    this.who = who;
    this.known = false;
    this.face = stranger(agent);
    const lent = this.hooks.lent();
    if (!first && lent === null) this.hooks.left();
    if (agent === "") return this.complain({ name: "agent", value: "", allowed: "the slug or id of an agent" });
    this.ask(false);
  }

  /** Asks who answers; `anew` where the server has told that it is another now than it was. */
  ask(anew: boolean): void {
    const lent = this.hooks.lent();
    const { who } = this;
    const agent = this.given.agent || lent?.agentId || "";
    const server = this.given["base-url"] ?? lent?.baseUrl ?? this.hooks.origin();
    if (agent === "" || (lent !== null && server === null)) return; // nobody said whom, or where to ask
    this.asking = askFace(this.base, agent, this.given.key, this.signal, anew).then((face) => {
      if (face === null || who !== this.who) return;
      this.known = true;
      this.face = face;
      this.hooks.again();
    });
  }

  private async fetchTexts(url: string | null): Promise<void> {
    if (url === this.textsUrl) return;
    this.textsUrl = url;
    this.loaded = {};
    if (url === null) return;
    try {
      this.loaded = this.meant("texts-url", await (await fetch(url, { signal: this.signal })).json());
      this.hooks.again();
    } catch (error) {
      console.warn(`<${this.element.localName}> texts-url=${JSON.stringify(url)} could not be read: ${String(error)}`);
    }
  }

  /** Once for each wrong value: what was said, and what may be. */
  private complain({ name, value, allowed }: Complaint): void {
    const words = `<${this.element.localName}> ${name}=${JSON.stringify(value)} means nothing; allowed: ${allowed}.`;
    if (this.complained.has(words)) return;
    this.complained.add(words);
    const without = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name as keyof typeof ATTRIBUTES].without : "";
    console.warn(without === "" ? words : `${words} What holds instead: ${without}.`);
  }
}
