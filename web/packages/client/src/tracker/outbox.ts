/** What happened and the server does not know yet: sent in batches, again if need be, never for ever. */
import { read, remove, type Who, write } from "./identity.js";
import type { Happening } from "./types.js";
import type { TrackerWorld } from "./world.js";

/** Under this name the browser keeps what could not be sent. */
export const UNSENT = "duologue.visits";
/** So much is kept; of more the oldest is forgotten. */
export const MOST = 200;
/** Ms for which what happens waits for more. */
export const SOON = 1000;
const EVENTS = 50;
/** Bytes of a batch, of which a browser takes 65,536 from a page that goes away. */
const BYTES = 60_000;
const LONGEST_WAIT = 5 * 60_000;

interface Item extends Who {
  readonly event: Happening;
}

/** What a batch says besides its events. */
export interface Address {
  readonly url: string;
  readonly key?: string;
  readonly agent?: string;
}

export class Outbox {
  private items: Item[] = [];
  private sending = false;
  private wait = 0;
  private cancel: (() => void) | null = null;
  /** Whether the visitor agreed: else what happens waits here, and nowhere else. */
  private open = false;

  constructor(
    private readonly world: TrackerWorld,
    private readonly address: Address,
    /** Called before a batch is written. */
    private readonly ready: () => void,
  ) {}

  add(who: Who, event: Happening): void {
    this.items = [...this.items, { ...who, event }].slice(-MOST);
    this.soon(SOON);
    if (this.open && !this.world.online()) this.keep();
  }

  /** Takes up what an earlier page could not send. */
  grant(): void {
    this.open = true;
    this.items = this.beside(this.stored());
    this.soon(SOON);
  }

  /** Forgets all of it, wherever it is. */
  clear(): void {
    this.close();
    this.items = [];
    remove(this.world, UNSENT);
  }

  /** Sends nothing until it is granted again, and waits for nothing. */
  close(): void {
    this.open = false;
    this.rest();
  }

  /** The page may go away: hands everything to the browser, which sends it without us. */
  leave(): void {
    if (!this.open) return;
    this.rest();
    this.ready();
    if (!this.world.online()) return this.keep();
    const left: Item[] = [];
    for (let batch = this.next(); batch.length > 0; batch = this.next()) {
      this.items = this.items.slice(batch.length);
      const body = this.body(batch);
      if (this.world.beacon(this.address.url, body)) this.sent(batch);
      else {
        left.push(...batch);
        this.world.post(this.address.url, body).then(
          (answer) => answer.ok && this.sent(batch),
          () => {},
        );
      }
    }
    this.items = left;
    if (left.length > 0) this.keep();
  }

  /** Sends what there is; what fails is tried again later. */
  async flush(): Promise<void> {
    this.rest();
    if (!this.open || this.sending) return;
    this.ready();
    const batch = this.next();
    if (batch.length === 0) return;
    if (!this.world.online()) return this.keep();
    this.sending = true;
    let asked = 0;
    try {
      const answer = await this.world.post(this.address.url, this.body(batch));
      asked = Number(answer.headers.get("retry-after")) * 1000;
      if (answer.ok) this.wait = 0;
      else if (answer.status === 429 || answer.status >= 500) throw answer;
      else this.world.complain(`The tracker was refused: ${(await answer.text()).slice(0, 500)}`);
      this.sent(batch);
    } catch {
      this.keep();
      this.wait = Math.min(LONGEST_WAIT, Math.max(5000, this.wait * 2, asked || 0));
    } finally {
      this.sending = false;
    }
    if (this.items.length > 0) this.soon(this.wait);
  }

  private rest(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private soon(ms: number): void {
    if (this.open) this.cancel ??= this.world.after(Math.max(ms, this.wait), () => void this.flush());
  }

  /** The first of them that go together: of one visit, and small enough. */
  private next(): Item[] {
    const [first] = this.items;
    let bytes = 500;
    const end = this.items.findIndex((item, place) => {
      bytes += JSON.stringify(item.event).length * 3; // no letter has more bytes
      return item.visit !== first?.visit || place === EVENTS || (place > 0 && bytes > BYTES);
    });
    return this.items.slice(0, end < 0 ? EVENTS : end);
  }

  private body([first, ...more]: Item[]): string {
    const { url: _, ...whose } = this.address;
    const events = [first, ...more].map((item) => item?.event);
    const { visitor, visit } = first as Item;
    return JSON.stringify({ ...whose, visitor, visit, sent_at: this.world.now(), events });
  }

  private sent(batch: Item[]): void {
    const gone = new Set(batch.map((item) => item.event.id));
    const others = (item: Item) => !gone.has(item.event.id);
    this.items = this.items.filter(others);
    const stored = this.stored();
    if (stored.length > 0) this.store(stored.filter(others));
  }

  /** Keeps what is here beside what other tabs keep. */
  private keep(): void {
    if (!this.open) return;
    this.store(this.beside(this.stored()));
  }

  /** What was stored, and then what is here; of too many the newest. */
  private beside(stored: Item[]): Item[] {
    const here = new Set(this.items.map((item) => item.event.id));
    return [...stored.filter((item) => !here.has(item.event.id)), ...this.items].slice(-MOST);
  }

  private stored(): Item[] {
    const found = read<Item[]>(this.world, UNSENT);
    return Array.isArray(found) ? found.filter((item) => item?.event?.id && item.visit && item.visitor) : [];
  }

  private store(items: Item[]): void {
    if (items.length > 0) write(this.world, UNSENT, items);
    else remove(this.world, UNSENT);
  }
}
