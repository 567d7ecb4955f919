/**
 * The agent's voice hesitates while the user seems to speak.
 *
 * It pauses when a voice begins over it, and goes on when the voice was short, or when the server,
 * which knows better, did not take the floor away within a moment. Time is handed in, in ms.
 */

/** A voice that ended may be a breath between two words. */
const AFTER_VOICE = 250;
/** The server decides within it; a pause that lasts longer is a mistake. */
const AT_MOST = 1200;

export type Deed = "pause" | "resume" | null;

export class Hesitation {
  private since: number | null = null;
  /** When the agent goes on; null while it does not hesitate. */
  due: number | null = null;

  /** A voice began; `over` says that the agent was sounding. */
  began(now: number, over: boolean): Deed {
    if (this.since !== null) {
      this.due = this.since + AT_MOST;
      return null;
    }
    if (!over) return null;
    this.since = now;
    this.due = now + AT_MOST;
    return "pause";
  }

  ended(now: number): void {
    if (this.since !== null) this.due = Math.min(now + AFTER_VOICE, this.since + AT_MOST);
  }

  /** What is to be done now that `due` may have come. */
  at(now: number): Deed {
    if (this.due === null || now < this.due) return null;
    this.cancel();
    return "resume";
  }

  /** The turn was dropped: nothing is to be resumed. */
  cancel(): void {
    this.since = this.due = null;
  }
}
