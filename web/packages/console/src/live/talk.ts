/** What was said, turn by turn, out of what was known at first and what happened since. */
import type { Happening, Said, Shown } from "./words.js";

/** Turns that a page keeps; it may stand open for a day. */
const MOST = 400;

export class Talk {
  /** By turn, in the order in which they began. */
  readonly turns = new Map<string, Said>();
  holder = "";

  /** Begins anew with all that is known. */
  load(shown: Pick<Shown, "said" | "holder">): void {
    this.turns.clear();
    this.holder = shown.holder;
    for (const each of shown.said) this.turns.set(each.turn, each);
  }

  /** Takes what happened and gives the turn that is another one now, or that is gone; null where none is. */
  take(happening: Happening, now: number): { turn: string; said: Said | null } | null {
    switch (happening.type) {
      case "words":
        return this.words(happening, now);
      case "ended":
        return this.ended(happening.turn, happening.interrupted);
      default:
        return null;
    }
  }

  private words(
    { turn, side, text, final }: Extract<Happening, { type: "words" }>,
    now: number,
  ): { turn: string; said: Said | null } | null {
    const before = this.turns.get(turn);
    if (text === "") return this.turns.delete(turn) ? { turn, said: null } : null;
    // A turn stays whose it was when it began, though somebody else speaks before it is over.
    const by = before?.side ?? side;
    const said: Said = {
      turn,
      side: by,
      name: before?.name || (by === "person" ? this.holder : ""),
      text,
      at: before?.at ?? now,
      final,
      interrupted: before?.interrupted ?? false,
    };
    this.turns.set(turn, said);
    while (this.turns.size > MOST) {
      const [oldest] = this.turns.keys();
      if (oldest === undefined) break;
      this.turns.delete(oldest);
    }
    return { turn, said };
  }

  private ended(turn: string, interrupted: boolean): { turn: string; said: Said } | null {
    const before = this.turns.get(turn);
    if (before === undefined) return null;
    const said = { ...before, final: true, interrupted };
    this.turns.set(turn, said);
    return { turn, said };
  }
}
