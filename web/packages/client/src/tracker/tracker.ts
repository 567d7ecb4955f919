/** What a visitor does on a site, told to its server: as much as the visitor agreed to, and no more. */
import { baseOf } from "../base.js";
import { Identity, VISITOR } from "./identity.js";
import { type Address, Outbox } from "./outbox.js";
import { clipped, flat, newId } from "./text.js";
import type { Consent, Happening, PageEvent, TrackerOptions } from "./types.js";
import type { TrackerWorld } from "./world.js";

const PATH = "/api/visits";
const MARKED = "[data-duologue-track],[data-ll-track]";
/** What an option is: of a type, or one of these. */
const KNOWN: Readonly<Record<keyof TrackerOptions, string | readonly unknown[]>> = {
  agentId: "string",
  apiKey: "string",
  baseUrl: "string",
  consent: ["granted", "denied", "ask"],
  respectDoNotTrack: "boolean",
  address: "function",
};

/** An event without what every event has. */
type Bare<One> = One extends unknown ? Omit<One, "id" | "at"> : never;

/** The page that is before the visitor, and how long it was so far. */
interface Stay {
  readonly event: PageEvent;
  readonly address: string;
  seenMs: number;
  /** When it came before their eyes; null while it is hidden. */
  since: number | null;
  toldMs: number;
}

export class TrackerCore {
  private identity: Identity | null = null;
  private outbox: Outbox | null = null;
  private objected = true;
  private answer: Consent = "ask";
  private stay: Stay | null = null;
  private releases: (() => void)[] | null = null;

  constructor(
    private readonly options: TrackerOptions,
    /** Null on a server, where there is nobody to track. */
    private readonly world: TrackerWorld | null,
  ) {
    if (world === null) return;
    this.safely(() => {
      check(options);
      this.outbox = new Outbox(world, addressOf(options, world), () => this.entitle());
      this.identity = new Identity(world);
      this.objected = options.respectDoNotTrack !== false && world.objects();
      this.answer = options.consent ?? "ask";
    });
  }

  /** What the visitor answered; a browser that asks not to be tracked answers for them. */
  get consent(): Consent {
    return this.objected ? "denied" : this.answer;
  }

  /** The visitor's id, for a session's `visitor`; null as long as the visitor has not agreed. */
  get visitorId(): string | null {
    if (this.releases === null || this.consent !== "granted") return null;
    return this.identity?.visitor ?? null;
  }

  /** Begins to watch the page. Idempotent. */
  start(): void {
    const { world, identity } = this;
    if (world === null || identity === null || this.releases !== null) return;
    const hear = (where: "window" | "document", name: string, work: (event: never) => void) =>
      world.hear(where, name, (event) => this.safely(() => work(event)));
    this.releases = [
      hear("document", "click", (event: Event) => this.clicked(event)),
      hear("document", "visibilitychange", () => (world.visible() ? this.watch() : this.leave())),
      hear("window", "pagehide", () => this.leave()),
      hear("window", "pageshow", (event: PageTransitionEvent) => event.persisted && this.page()),
      hear("window", "popstate", () => this.moved()),
      hear("window", "hashchange", () => this.moved()),
      hear("window", "online", () => void this.outbox?.flush()),
      hear("window", "storage", (event: StorageEvent) => this.elsewhere(event)),
      world.navigated(() => this.safely(() => this.moved())),
    ];
    this.safely(() => {
      if (this.answer === "ask" && identity.remembered) this.answer = "granted";
      this.obey();
      this.releases?.push(world.shown(() => this.page()));
    });
  }

  /** The visitor answered: `granted` sends what waited, `denied` forgets all of it. */
  setConsent(consent: Consent): void {
    this.safely(() => {
      check({ consent });
      const before = this.consent;
      this.answer = consent;
      if (this.releases === null || this.consent === before) return;
      this.obey();
      if (before !== "ask") this.page(); // what is told from now on begins with it
    });
  }

  /** Tells that something happened, by a name of the site's own. */
  track(name: string, properties: Readonly<Record<string, unknown>> = {}): void {
    this.note(() => ({ type: "event", name: named(name), ...this.here, properties: flat(properties) }));
  }

  /** Tells who the visitor is to the site. */
  identify(userId: string, traits: Readonly<Record<string, unknown>> = {}): void {
    this.note(() => ({ type: "identify", user_id: named(userId, 200), traits: flat(traits) }));
  }

  /** Tells that the visitor came to this page; moving by the history API is noticed without it. */
  page(): void {
    this.safely(() => {
      const { world } = this;
      if (world === null) return;
      const before = this.stay?.address ?? world.referrer();
      this.spent();
      const address = clipped((this.options.address ?? plain)(world.location), 2048);
      const event = this.note(() => ({
        type: "page",
        url: address,
        path: clipped(pathOf(address, world.location), 2048),
        title: clipped(world.title(), 300),
        referrer: clipped(before.split(/[?#]/)[0], 2048),
      }));
      if (event?.type !== "page") return;
      this.stay = { event, address, seenMs: 0, since: null, toldMs: 0 };
      this.watch();
    });
  }

  /** Sends what waits, then lets the next visitor of this browser be somebody new. */
  reset(): void {
    this.safely(() => {
      this.leave();
      if (this.consent !== "granted") this.outbox?.clear();
      this.identity?.reset();
      this.stay = null;
      this.page();
    });
  }

  /** Sends what waits, and watches nothing any more. Idempotent. */
  stop(): void {
    this.safely(() => this.leave());
    this.outbox?.close();
    const releases = this.releases ?? [];
    this.releases = null;
    this.stay = null;
    releases.forEach((release) => release());
  }

  // ------------------------------------------------------------ within

  private get here(): { page?: string } {
    return this.stay === null ? {} : { page: this.stay.event.id };
  }

  /** Notes an event, unless nobody may be tracked. */
  private note(make: () => Bare<Happening>): Happening | null {
    const { world, identity, outbox } = this;
    let noted: Happening | null = null;
    this.safely(() => {
      if (this.releases === null || this.consent === "denied" || !world || !identity || !outbox) return;
      const now = world.now();
      noted = { ...make(), id: newId("evt_", now, world.random()), at: now } as Happening;
      outbox.add(identity.sign(), noted);
    });
    return noted;
  }

  /** Does what the consent says, with everything that was kept. */
  private obey(): void {
    if (this.consent === "granted") {
      this.identity?.grant();
      this.outbox?.grant();
    } else {
      this.identity?.deny();
      this.stay = null;
      this.outbox?.clear();
    }
  }

  private moved(): void {
    const { world, stay } = this;
    if (world === null) return;
    const address = clipped((this.options.address ?? plain)(world.location), 2048);
    if (address !== stay?.address) this.page();
  }

  private clicked(event: Event): void {
    const target = event.composedPath()[0] as Element | undefined;
    const marked = target?.closest?.<HTMLElement>(MARKED);
    if (!marked) return;
    const { duologueTrack, llTrack } = marked.dataset;
    const name = duologueTrack || llTrack || marked.id || marked.textContent;
    this.note(() => ({ type: "click", name: named(name), ...this.here }));
  }

  /** The page is before the visitor's eyes from now on. */
  private watch(): void {
    if (this.stay !== null && this.world?.visible()) this.stay.since ??= this.world.ticks();
  }

  private leave(): void {
    this.spent();
    this.outbox?.leave();
  }

  /** Tells how long the page was seen, if it was seen any longer. */
  private spent(): void {
    const { world, stay } = this;
    if (world === null || stay === null) return;
    if (stay.since !== null) stay.seenMs += world.ticks() - stay.since;
    stay.since = null;
    const visible_ms = Math.round(stay.seenMs);
    if (visible_ms <= stay.toldMs) return;
    stay.toldMs = visible_ms;
    this.note(() => ({ type: "time", page: stay.event.id, visible_ms }));
  }

  /** Frameworks write the title some time after they wrote the address. */
  private entitle(): void {
    const { world, stay } = this;
    if (world !== null && stay !== null) stay.event.title = clipped(world.title(), 300);
  }

  /** Another tab kept somebody new, or was denied. */
  private elsewhere(event: StorageEvent): void {
    if ((event.key !== VISITOR && event.key !== null) || this.consent !== "granted") return;
    if (!this.identity?.reread()) this.setConsent("denied");
  }

  /** No fault of ours is the page's. */
  private safely(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.world?.complain(`The tracker failed: ${String(error)}`);
    }
  }
}

/** Refuses options by their names. */
function check(options: TrackerOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const wanted = KNOWN[name as keyof TrackerOptions];
    if (wanted === undefined) throw new TypeError(`no option ${name}; there are ${Object.keys(KNOWN).join(", ")}`);
    const fits = Array.isArray(wanted) ? wanted.includes(value) : typeof value === wanted;
    if (value !== undefined && !fits) throw new TypeError(`${name} must be ${String(wanted)}`);
  }
}

function addressOf({ agentId, apiKey, baseUrl }: TrackerOptions, world: TrackerWorld): Address {
  return {
    url: baseOf(baseUrl, world.script, world.location.origin) + PATH,
    ...(apiKey ? { key: apiKey } : {}),
    ...(agentId ? { agent: agentId } : {}),
  };
}

/** A page's address without its query and its fragment, where secrets and names may stand. */
function plain({ origin, pathname }: Location): string {
  return origin + pathname;
}

function pathOf(address: string, { origin, pathname }: Location): string {
  return address.startsWith(origin) ? address.slice(origin.length) || "/" : pathname;
}

/** A name that the server takes; an empty one is a mistake of the page's. */
function named(name: unknown, most = 100): string {
  const found = clipped(name, most).trim();
  if (found === "") throw new TypeError("a name is empty");
  return found;
}
