/** Who visits: kept by this browser if the visitor agreed, else by this page alone. */
import { newId } from "./text.js";
import type { TrackerWorld } from "./world.js";

/** Under this name the browser keeps the visitor's id, and by that, that the visitor agreed. */
export const VISITOR = "duologue.visitor";
/** After so long without a sign of the visitor, what comes next is another visit. */
export const VISIT_MS = 30 * 60_000;

export interface Who {
  readonly visitor: string;
  readonly visit: string;
}

interface Kept extends Who {
  /** The visitor's last sign. */
  readonly at: number;
}

type Surroundings = Pick<TrackerWorld, "now" | "random" | "storage">;

export class Identity {
  private kept: Kept | null = null;
  private keeps = false;

  constructor(private readonly world: Surroundings) {}

  /** Whether this browser remembers that its visitor agreed. */
  get remembered(): boolean {
    return this.stored() !== null;
  }

  get visitor(): string {
    return this.who().visitor;
  }

  /** Who it is now, which a sign of theirs makes go on. */
  sign(): Who {
    const now = this.world.now();
    const { visitor, visit, at } = this.who();
    this.keep({ visitor, visit: now - at > VISIT_MS ? this.id("vst_") : visit, at: now });
    return this.who();
  }

  /** Keeps the visitor in this browser from now on; who was there before us comes back. */
  grant(): void {
    this.keeps = true;
    const before = this.stored();
    this.keep(before ?? this.who());
  }

  /** Keeps nothing any more, and removes what was kept. */
  deny(): void {
    this.keeps = false;
    this.kept = null;
    remove(this.world, VISITOR);
  }

  /** Somebody new, as far as anybody can tell. */
  reset(): void {
    this.kept = null;
    if (this.keeps) this.keep(this.fresh());
  }

  /** Another tab changed what is kept; false if it removed it. */
  reread(): boolean {
    const now = this.stored();
    if (now !== null) this.kept = now;
    return now !== null;
  }

  private who(): Kept {
    return (this.kept ??= this.fresh());
  }

  private fresh(): Kept {
    return { visitor: this.id("vis_"), visit: this.id("vst_"), at: this.world.now() };
  }

  private id(prefix: string): string {
    return newId(prefix, this.world.now(), this.world.random());
  }

  private keep(kept: Kept): void {
    this.kept = kept;
    if (this.keeps) write(this.world, VISITOR, kept);
  }

  private stored(): Kept | null {
    const found = read<Partial<Kept>>(this.world, VISITOR);
    if (!/^vis_[0-9a-f]{32}$/.test(found?.visitor ?? "") || !/^vst_[0-9a-f]{32}$/.test(found?.visit ?? "")) return null;
    return typeof found?.at === "number" ? (found as Kept) : null;
  }
}

/** What lies in the storage; null where nothing does, or nothing of ours. */
export function read<T>(world: Pick<TrackerWorld, "storage">, name: string): T | null {
  try {
    return JSON.parse(world.storage()?.getItem(name) ?? "null") as T | null;
  } catch {
    return null;
  }
}

/** Storage may be forbidden, full or missing; then this page remembers alone. */
export function write(world: Pick<TrackerWorld, "storage">, name: string, value: unknown): void {
  try {
    world.storage()?.setItem(name, JSON.stringify(value));
  } catch {}
}

export function remove(world: Pick<TrackerWorld, "storage">, name: string): void {
  try {
    world.storage()?.removeItem(name);
  } catch {}
}
