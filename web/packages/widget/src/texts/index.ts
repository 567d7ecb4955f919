/** Which words are shown: those of one of five languages, and over them whatever the page replaces. */
import { en, type TextKey, type Texts } from "./en.js";

export type { TextKey, Texts } from "./en.js";

/** Gives the words of a key, with names and numbers in their places. */
export type Translate = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;

/** What the widget speaks; all but English are files of their own. */
export const LANGUAGES: readonly string[] = ["en", "de", "fr", "es", "ar"];

const FROM_RIGHT: ReadonlySet<string> = new Set(["ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"]);

/** Whether a language is written from right to left. */
export function fromRight(language: string): boolean {
  return FROM_RIGHT.has(root(language));
}

/** A language without its region, if the widget speaks it. */
export function shipped(language: string): string | null {
  const one = root(language);
  return LANGUAGES.includes(one) ? one : null;
}

/** The first of these languages that the widget speaks; English if there is none. */
export function spoken(wanted: readonly string[]): string {
  return wanted.map(shipped).find((one) => one !== null) ?? "en";
}

/** The words of a language, over which some are replaced; a word that a file lacks is English. */
export function translator(texts: Partial<Texts> = en, replaced: Partial<Texts> = {}): Translate {
  return (key, values = {}) => {
    const text = replaced[key] ?? texts[key] ?? en[key];
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
}

/** What of somebody's words can be used; every name that means nothing is handed to `refused`. */
export function readTexts(found: unknown, refused: (name: string) => void): Partial<Texts> {
  if (typeof found !== "object" || found === null) return {};
  const known: Partial<Record<TextKey, string>> = {};
  for (const [name, text] of Object.entries(found)) {
    if (Object.hasOwn(en, name) && typeof text === "string") known[name as TextKey] = text;
    else refused(name);
  }
  return known;
}

/** A language as `Intl` takes it; a page may write one that means nothing to it, and then the browser's own holds. */
export function locale(language: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(language.replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

function root(language: string): string {
  return language.toLowerCase().split(/[-_]/)[0] ?? "";
}
