/** Saves sessions, and keeps them fresh while they are open: every few seconds, and as the page goes. */
import { SessionError } from "./error.js";
import type { LiveKitSession } from "./livekit-session.js";
import { read, type SavedSession, type Store, write } from "./saved.js";
import type { World } from "./world.js";

/** Milliseconds between two words of life. */
export const PULSE = 10_000;

/** What a page may save in its own words; what it leaves out is known of the open session. */
export type Said = Pick<SavedSession, "token" | "roomName" | "ts"> & Partial<SavedSession>;

/** Of the sessions that are open now: what a page saves in its own words is found here. */
const open = new Set<Keeper>();

/**
 * Keeps what it takes to come back, and keeps it fresh while the session is open. It lies in the
 * tab's own `sessionStorage`, unless another storage is given.
 */
export function saveSession(session: Said | LiveKitSession, store?: Store | null): void {
  const keeper = [...open].find((each) => each.keeps(session));
  const said = "connect" in session ? null : session;
  const kept = keeper?.now() ?? said;
  if (kept?.url === undefined) {
    throw new SessionError(
      "not_connected",
      said === null
        ? "saveSession() needs an open session; await session.connect() first."
        : "saveSession() was given no url, and no open session has this token or room. Give it the session itself.",
    );
  }
  write({ ...kept, url: kept.url, ts: said?.ts ?? kept.ts }, store);
  keeper?.add(store ?? null);
}

/** Writes the present ticket of a session into every storage that still holds its conversation. */
export class Keeper {
  private readonly stores = new Set<Store | null>();
  private stopPulse: () => void = () => {};
  private deaf: () => void = () => {};

  constructor(
    private readonly session: object,
    /** The session as it would be kept now; null while it is not open. */
    readonly now: () => SavedSession | null,
    /** Whether the line is open, and not only mending itself. */
    private readonly well: () => boolean,
    private readonly world: Pick<World, "after" | "hear">,
  ) {}

  /** The session is open: it can be saved from now on. */
  begin(): void {
    open.add(this);
  }

  /** Whether this is the session, or the one that a page means by a token or a room. */
  keeps(asked: Said | LiveKitSession): boolean {
    if (asked === this.session) return true;
    const { token, roomName } = asked as Partial<Said>;
    const kept = this.now();
    if (kept === null) return false;
    return kept.token === token || (kept.roomName !== "" && kept.roomName === roomName);
  }

  /** Keeps one more storage fresh, in which the session was saved just now. */
  add(store: Store | null): void {
    if (this.stores.size === 0) {
      this.deaf = this.world.hear("pagehide", () => this.keep());
      this.beat();
    }
    this.stores.add(store);
  }

  /** The session is open no more. */
  end(): void {
    open.delete(this);
    this.stores.clear();
    this.stopPulse();
    this.deaf();
  }

  /** The session is left: every storage learns that its agent waits no more. */
  leave(): void {
    this.keep(true);
    this.end();
  }

  private beat(): void {
    this.stopPulse = this.world.after(PULSE, () => {
      this.keep();
      this.beat();
    });
  }

  private keep(left = false): void {
    const kept = this.now();
    if (kept === null || !(left || this.well())) return;
    for (const store of this.stores) {
      // Else somebody forgot it, or keeps another one there.
      const same = read(store, kept.ts)?.conversationId === kept.conversationId;
      if (same) write({ ...kept, left }, store);
      else this.stores.delete(store);
    }
  }
}
