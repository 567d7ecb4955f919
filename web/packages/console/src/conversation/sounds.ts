/** Which recording sounds at a time: a conversation may have several, with silence between them. */

/** A recording: when it began, and how long it is, in milliseconds; of an open one that may be unknown. */
export interface Stretch {
  readonly from: number;
  readonly long: number;
}

export interface Found {
  readonly index: number;
  /** How far into it, in milliseconds. */
  readonly into: number;
}

/** The recording that covers a time; else the beginning of the next; else nothing. */
export function sounding(stretches: readonly Stretch[], at: number): Found | null {
  let next: Found | null = null;
  let first = Infinity;
  for (const [index, { from, long }] of stretches.entries()) {
    if (at >= from && at < from + long) return { index, into: at - from };
    if (from > at && from < first) {
      first = from;
      next = { index, into: 0 };
    }
  }
  return next;
}
