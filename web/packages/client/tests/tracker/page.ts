/** A page of its own for a tracker: its clock, its network and its storage do what a test says. */
import { TrackerCore } from "../../src/tracker/tracker.js";
import type { Happening, TrackerOptions } from "../../src/tracker/types.js";
import type { TrackerWorld } from "../../src/tracker/world.js";
import { FakeStorage, FakeWorld, settled } from "../fakes.js";

export interface Batch {
  readonly key?: string;
  readonly agent?: string;
  readonly visitor: string;
  readonly visit: string;
  readonly sent_at: number;
  readonly events: Happening[];
}

interface Sent {
  readonly how: "beacon" | "post";
  readonly url: string;
  readonly batch: Batch;
}

/** One browser: what its pages share. */
export class FakeBrowser {
  readonly storage = new FakeStorage();
  readonly clock = new FakeWorld();
  private drawn = 0;

  /** Ten bytes that nobody drew before. */
  random(): Uint8Array {
    this.drawn++;
    return Uint8Array.from({ length: 10 }, (_, place) => (place < 8 ? 0 : this.drawn >> (8 * (place - 8))));
  }
}

export class FakePage implements TrackerWorld {
  readonly sent: Sent[] = [];
  readonly complaints: string[] = [];
  readonly script = "https://talk.example/assets/tracker.js";
  readonly now: () => number;
  readonly ticks: () => number;
  readonly random: () => Uint8Array;
  readonly after: (ms: number, work: () => void) => () => void;
  /** What the server answers: a status, or no answer at all. */
  answers: (number | null)[] = [];
  /** What it says of when it may be asked again. */
  retryAfter: string | null = null;
  beacons = true;
  isVisible = true;
  isOnline = true;
  asksNot = false;
  prerendered: (() => void)[] | null = null;
  heading = "Home";
  from = "https://search.example/?q=secret";
  location = at("/");
  private readonly listeners = new Set<{ name: string; listener: (event: never) => void }>();

  constructor(readonly browser = new FakeBrowser()) {
    this.now = browser.clock.now;
    this.ticks = () => browser.clock.now() - 5;
    this.random = () => browser.random();
    this.after = browser.clock.after;
  }

  /** A tracker of this page that watches it. */
  tracker(options: TrackerOptions = { consent: "granted" }): TrackerCore {
    const made = new TrackerCore(options, this);
    made.start();
    return made;
  }

  readonly storage = (): Storage => this.browser.storage;
  readonly title = (): string => this.heading;
  readonly referrer = (): string => this.from;
  readonly visible = (): boolean => this.isVisible;
  readonly online = (): boolean => this.isOnline;
  readonly objects = (): boolean => this.asksNot;
  readonly complain = (words: string): void => void this.complaints.push(words);

  readonly beacon = (url: string, body: string): boolean => {
    if (this.beacons) this.sent.push({ how: "beacon", url, batch: JSON.parse(body) as Batch });
    return this.beacons;
  };

  readonly post = async (url: string, body: string): Promise<Response> => {
    const status = this.answers.length > 0 ? this.answers.shift() : 204;
    if (typeof status !== "number") throw new TypeError("Failed to fetch");
    this.sent.push({ how: "post", url, batch: JSON.parse(body) as Batch });
    const headers = this.retryAfter === null ? {} : { "retry-after": this.retryAfter };
    return new Response(status === 204 ? null : `refused with ${status}`, { status, headers });
  };

  readonly shown = (work: () => void): (() => void) => {
    if (this.prerendered === null) work();
    else this.prerendered.push(work);
    return () => {};
  };

  readonly hear: TrackerWorld["hear"] = (_, name, listener) => {
    const one = { name, listener };
    this.listeners.add(one);
    return () => this.listeners.delete(one);
  };

  readonly navigated = (listener: () => void): (() => void) => this.hear("window", "navigated", listener);

  /** Something happens to the page. */
  happens(name: string, event: object = {}): void {
    for (const one of [...this.listeners]) if (one.name === name) (one.listener as (event: object) => void)(event);
  }

  /** A script gives the page another address, and later another title. */
  goes(path: string, title?: string): void {
    this.location = at(path);
    this.happens("navigated");
    if (title !== undefined) this.heading = title;
  }

  shows(visible: boolean): void {
    this.isVisible = visible;
    this.happens("visibilitychange");
  }

  clicks(mark: Record<string, string>, more: { id?: string; textContent?: string } = {}): void {
    const element = { dataset: mark, id: "", textContent: "", ...more };
    const closest = () => (Object.keys(mark).length > 0 || more.id !== undefined ? element : null);
    this.happens("click", { composedPath: () => [{ closest }] });
  }

  async pass(ms: number): Promise<void> {
    await this.browser.clock.pass(ms);
    await settled();
  }

  /** Everything that was sent, in order. */
  get events(): Happening[] {
    return this.sent.flatMap(({ batch }) => batch.events);
  }

  /** The same in short: what, and of what. */
  get told(): string[] {
    return this.events.map(short);
  }

  get waiting(): number {
    return this.listeners.size + this.browser.clock.waiting;
  }

  get kept(): string[] {
    return [...this.browser.storage.kept.keys()].sort();
  }
}

function at(path: string): Location {
  const { origin, pathname, hash, search, href } = new URL(path, "https://shop.example");
  return { origin, pathname, hash, search, href } as Location;
}

function short(event: Happening): string {
  switch (event.type) {
    case "page":
      return `page ${event.path} ${event.title}`.trim();
    case "time":
      return `time ${event.visible_ms}`;
    case "identify":
      return `identify ${event.user_id}`;
    default:
      return `${event.type} ${event.name}`;
  }
}
