/** What was said in a room, as text streams tell it that may overtake each other. */
import type { Segment } from "../road.js";

/** Segments whose late streams are still known as such. */
const KEPT = 100;

interface Known {
  /** The newest stream that said something of it. */
  readonly stream: number;
  readonly segment: Segment;
}

export class Segments {
  private readonly known = new Map<string, Known>();

  /** What is news of a stream's words; null where a newer stream, or the end, was told already. */
  said(stream: number, segment: Segment): Segment | null {
    const known = this.known.get(segment.id);
    if (known !== undefined) {
      if (stream < known.stream || (known.segment.final && !segment.final)) return null;
      if (known.segment.role !== segment.role) return null; // a stranger's, under its name
      if (known.segment.final && known.segment.text === segment.text) return null; // told twice
    }
    this.known.set(segment.id, { stream, segment });
    for (const [id, { segment: old }] of this.known) {
      if (this.known.size <= KEPT) break;
      if (old.final) this.known.delete(id);
    }
    return segment;
  }

  /** What was being said stays unfinished. */
  close(): Segment[] {
    const open = [...this.known.values()].map(({ segment }) => segment).filter((one) => !one.final);
    this.known.clear();
    return open
      .filter(({ text }) => text !== "")
      .map((one) => ({ ...one, final: true, interrupted: one.role === "agent" }));
  }
}
