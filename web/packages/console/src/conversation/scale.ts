/** Between times and places on the timeline; times are milliseconds since the conversation began. */

/** A piece of a conversation, and how wide all of it is drawn, in pixels. */
export interface Scale {
  readonly since: number;
  readonly until: number;
  readonly width: number;
}

/** How far the timeline is enlarged, and how many pixels of it are scrolled away at the left. */
export interface Lens {
  readonly zoom: number;
  readonly left: number;
}

export interface Tick {
  readonly at: number;
  readonly name: string;
}

/** The shortest time that the whole view may show. */
const LEAST = 200;
const MOST_ZOOM = 400;
const STEPS = [10, 20, 50, 100, 200, 500].concat(
  [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400].map((seconds) => seconds * 1000),
);

export function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), Math.max(least, most));
}

/** Where a time is drawn, in pixels from the beginning. */
export function place({ since, until, width }: Scale, at: number): number {
  return ((at - since) / (until - since)) * width;
}

/** Which time is drawn there. */
export function time({ since, until, width }: Scale, x: number): number {
  return since + (within(x, 0, width) / width) * (until - since);
}

/** How far a piece of that length may be enlarged. */
export function mostZoom(long: number): number {
  return within(long / LEAST, 1, MOST_ZOOM);
}

/** Enlarges by a factor; what lies `about` pixels from the left of the view stays there. */
export function zoomed(lens: Lens, factor: number, about: number, view: number, most: number): Lens {
  const zoom = within(lens.zoom * factor, 1, most);
  const left = ((lens.left + about) * zoom) / lens.zoom - about;
  return { zoom, left: within(left, 0, view * (zoom - 1)) };
}

/**
 * How far to scroll so that what moves from one place to the next stays in view: a page on, when it
 * runs out at the right. Who scrolled away from it is left alone.
 */
export function followed(left: number, view: number, before: number, now: number): number {
  const seen = before >= left && before <= left + view;
  return seen && now > left + view ? now - view * 0.1 : left;
}

/** Round times between two, few enough to be read. */
export function ticks(since: number, until: number, most: number): readonly Tick[] {
  const step = STEPS.find((each) => (until - since) / each <= most) ?? 86_400_000;
  const found = [];
  for (let at = Math.ceil(since / step) * step; at <= until; at += step) found.push({ at, name: clock(at, step) });
  return found;
}

/** A time as a watch shows it, as exactly as a step of so many milliseconds needs. */
export function clock(at: number, step = 1000): string {
  const digits = step >= 1000 ? 0 : step >= 100 ? 1 : 2;
  const units = Math.max(0, Math.floor((at / 1000) * 10 ** digits + 1e-6)) / 10 ** digits;
  const hours = Math.floor(units / 3600);
  const minutes = Math.floor(units / 60) % 60;
  const seconds = (units % 60).toFixed(digits).padStart(digits === 0 ? 2 : 3 + digits, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** Which of these beginnings, in their order, came last before a time; -1 before the first. */
export function latest(beginnings: readonly number[], at: number): number {
  let low = 0;
  let high = beginnings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((beginnings[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
