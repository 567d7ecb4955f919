/** Colours whose contrast is computed, so that any accent can be read. */

/** Red, green and blue, 0..1. */
export type Rgb = readonly [number, number, number];

const WHITE: Rgb = [1, 1, 1];
const BLACK: Rgb = [0, 0, 0];
/** Of the harder of both surfaces on which the accent stands: the paper by day, the card by night. */
export const PAPER: Readonly<Record<"light" | "dark", Rgb>> = {
  light: [0.98, 0.973, 0.957],
  dark: [0.118, 0.106, 0.086],
};

/** What WCAG asks of text, and of pictures. */
const TEXT = 4.6;
const SHAPE = 3.05;

export interface Palette {
  /** For what is drawn. */
  readonly shape: string;
  /** For words. */
  readonly text: string;
  /** For the ground of a button, and the words on it. */
  readonly fill: string;
  readonly onFill: string;
}

/** A colour as browsers compute it: `rgb(…)`, or `color(srgb …)` for newer kinds. */
export function parseColour(computed: string): Rgb | null {
  const numbers = [...computed.matchAll(/-?\d*\.?\d+(?:e-?\d+)?%?/gi)].map(([one]) => one);
  const [red, green, blue] = numbers.slice(0, 3).map((one) => Number.parseFloat(one));
  if (red === undefined || green === undefined || blue === undefined) return null;
  const scale = computed.startsWith("rgb") ? 255 : computed.startsWith("color(srgb ") ? 1 : null;
  if (scale === null) return null;
  return [within(red / scale), within(green / scale), within(blue / scale)];
}

/** How far two colours are from each other: 1 for the same, 21 for black and white. */
export function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** The accent in each of its places, as near to what was asked for as can be seen there. */
export function palette(accent: Rgb, theme: "light" | "dark"): Palette {
  const paper = PAPER[theme];
  const fill = seen(accent, paper, SHAPE);
  const onFill = contrast(fill, WHITE) >= contrast(fill, BLACK) || contrast(fill, WHITE) >= TEXT ? WHITE : BLACK;
  return {
    shape: css(fill),
    text: css(seen(accent, paper, TEXT)),
    fill: css(seen(fill, onFill, TEXT)),
    onFill: css(onFill),
  };
}

/** The colour, moved away from the ground until it stands out from it as far. */
function seen(colour: Rgb, ground: Rgb, enough: number): Rgb {
  const away = luminance(ground) > 0.18 ? BLACK : WHITE;
  for (let share = 0; share < 1; share += 0.02) {
    const tried = mix(colour, away, share);
    if (contrast(tried, ground) >= enough) return tried;
  }
  return away;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const at = (place: 0 | 1 | 2): number => from[place] + (to[place] - from[place]) * share;
  return [at(0), at(1), at(2)];
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function css(colour: Rgb): string {
  return `#${colour.map((part) => Math.round(within(part) * 255).toString(16).padStart(2, "0")).join("")}`;
}

function within(part: number): number {
  return Math.min(1, Math.max(0, part));
}
