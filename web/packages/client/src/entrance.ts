/** Where a line gets its openings: of a ticket, of the door, and with them what their road needs. */
import { openedBy } from "./answer.js";
import { SessionError } from "./error.js";
import { afterRefusal } from "./line.js";
import { type Ask, asker, wish } from "./opening.js";
import type { Resume } from "./resume.js";
import type { Rooms } from "./road.js";
import type { Notice, SessionOptions, SessionRequest, Ticket } from "./types.js";
import type { Opening } from "./wire.js";
import type { World } from "./world.js";

export class Entrance {
  /** Whether a new conversation is wanted though another could be gone on with. */
  fresh = false;
  /** What somebody else got at a door, for this line. */
  ticket: Ticket | null = null;
  /** What a room needs, once it was loaded. */
  rooms: Rooms | null = null;
  private readonly door: Ask;

  constructor(
    base: string,
    private readonly options: SessionOptions,
    private readonly world: World,
    private readonly right: Resume,
    private readonly told: (notice: Notice) => void,
  ) {
    this.door = asker(base, options, world);
  }

  /** Asks for a session, and loads what its road needs; `returning` is a line that broke. */
  async ask(returning: boolean, signal: AbortSignal): Promise<Opening> {
    const opening = await this.asked(returning, signal);
    this.mustBeSecret(opening);
    if (opening.transport === "livekit" && this.rooms === null && !signal.aborted) {
      this.rooms = await this.load();
    }
    return opening;
  }

  /** What cannot be resumed any more is begun anew, and the user is told. */
  private async asked(returning: boolean, signal: AbortSignal): Promise<Opening> {
    const kept = returning ? this.right.own : this.fresh ? null : this.right.newest();
    const { ticket } = this;
    if (ticket !== null && (!returning || kept === null)) return openedBy(ticket);
    const request = (again: typeof kept): SessionRequest => wish(this.options, again, this.world);
    try {
      return await this.door(request(kept), signal);
    } catch (error) {
      const { status, code, message } = error as SessionError;
      const over = kept !== null && afterRefusal(status, code) === "ended";
      if (returning || !over || signal.aborted) throw error;
      this.right.forget();
      this.told({ code, message });
      if (signal.aborted) throw error; // whoever heard of it has left
      return this.door(request(null), signal);
    }
  }

  /** A session that must be encrypted is opened in no other way; nor one whose key is missing. */
  private mustBeSecret({ transport, config }: Opening): void {
    const encrypted = transport === "livekit" && (config.encryption || this.ticket !== null);
    if (this.options.encryption !== undefined) {
      if (encrypted) return;
      throw new SessionError("encryption_refused", "The server opened no encrypted room.", 400);
    }
    if (!config.encryption) return;
    throw new SessionError("encryption_required", "This room is encrypted: name its key.", 403);
  }

  private async load(): Promise<Rooms> {
    const { rooms } = this.world;
    try {
      if (rooms === null) throw new Error("this browser has no WebRTC");
      return await rooms();
    } catch (error) {
      throw new SessionError("unreachable", `What a room needs cannot be loaded: ${String(error)}`);
    }
  }
}
