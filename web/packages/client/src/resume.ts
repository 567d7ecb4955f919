/** The right to come back: kept while the line is alive, for as long after it as the server keeps it. */
import { GIVE_UP_MS } from "./line.js";
import type { Kept, Memory } from "./memory.js";
import type { World } from "./world.js";

const REFRESH_MS = 10_000;

export class Resume {
  /** Whether this very tab was in the conversation until it reloaded. */
  readonly reloaded: boolean;
  private kept: Kept | null;
  private attached = false;
  private told: boolean;
  /** Whether tabs are in the conversation together, so that everybody's newest token is ours too. */
  private shared = false;
  private cancel: () => void = () => {};

  constructor(
    private readonly key: string,
    private readonly memory: Memory | null,
    private readonly world: Pick<World, "now" | "after">,
    private readonly changed: (possible: boolean) => void,
  ) {
    const found = memory?.recall(key) ?? null;
    this.kept = found;
    this.told = this.possible;
    this.reloaded = found !== null && found.sameTab && this.possible;
    this.tell();
  }

  get possible(): boolean {
    if (this.kept === null) return false;
    return this.attached || this.world.now() - this.kept.at < GIVE_UP_MS;
  }

  /**
   * What a reconnecting line shows: its own token, for a newer one means that another tab took over;
   * the newest where tabs share the conversation.
   */
  get own(): Kept | null {
    const newer = this.shared ? this.rival() : null;
    if (this.kept !== null && newer !== null) this.kept = { ...newer, at: this.kept.at };
    return this.kept;
  }

  /** Whether another tab is where this one was. */
  get elsewhere(): boolean {
    return this.rival() !== null;
  }

  /** What a connecting line shows: the newest token of any tab. */
  newest(): Kept | null {
    const found = this.memory?.recall(this.key) ?? null;
    if (found !== null && found.at >= (this.kept?.at ?? 0)) this.kept = found;
    return this.possible ? this.kept : null;
  }

  /**
   * A new token came, or none: then one that we have of the conversation is as good as before.
   * With `shared` another tab that comes in joins this one, else it takes this one's place.
   */
  attach(given: string | null, conversationId: string, shared: boolean): void {
    const had = this.kept?.conversationId === conversationId ? this.kept.token : null;
    const token = given ?? had;
    if (token === null) return this.forget();
    this.kept = { token, conversationId, at: this.world.now() };
    this.attached = true;
    this.shared = shared;
    this.memory?.keep(this.key, this.kept, true);
    this.tell();
  }

  /** The line is alive now; a tab whose token another one replaced leaves it at that. */
  alive(): void {
    const { own } = this;
    if (own === null || !this.attached || this.contested() !== null) return;
    this.kept = { ...own, at: this.world.now() };
    this.memory?.keep(this.key, this.kept, true);
  }

  /** The line broke: from now on time runs, but this tab still means to come back. */
  lost(): void {
    this.alive();
    this.attached = false;
    this.tell();
  }

  /**
   * This tab is out of the conversation; the user may come back for a while. Where another tab
   * replaced it, nothing is written: storage may not show that tab's token here yet.
   */
  detach(replaced = false): void {
    if (!replaced) this.alive();
    this.attached = false;
    if (this.kept !== null) this.memory?.keep(this.key, this.contested() ?? this.kept, false);
    this.tell();
  }

  forget(): void {
    const other = this.contested();
    if (other === null) this.memory?.forget(this.key);
    else this.memory?.keep(this.key, other, false);
    this.kept = null;
    this.attached = false;
    this.tell();
  }

  close(): void {
    this.cancel();
    this.cancel = () => {};
  }

  /** What another tab keeps by now instead of ours. */
  private contested(): Kept | null {
    const found = this.memory?.recall(this.key) ?? null;
    if (found === null || found.token === this.kept?.token) return null;
    return { token: found.token, conversationId: found.conversationId, at: found.at };
  }

  /** What another tab keeps of our own conversation. */
  private rival(): Kept | null {
    const found = this.contested();
    return found?.conversationId === this.kept?.conversationId ? found : null;
  }

  /** Tells a change, and waits for the next one that comes by itself. */
  private tell(): void {
    this.close();
    const possible = this.possible;
    if (this.kept !== null && this.attached) {
      this.cancel = this.world.after(REFRESH_MS, () => {
        this.alive();
        this.tell();
      });
    } else if (this.kept !== null && possible) {
      const left = this.kept.at + GIVE_UP_MS - this.world.now();
      this.cancel = this.world.after(left, () => {
        this.newest();
        this.tell();
      });
    }
    if (possible !== this.told) {
      this.told = possible;
      this.changed(possible);
    }
  }
}
