/** Every attribute of the tag in one table: what it may say, and what holds without it; the README says what for. */

/** How one attribute is read; undefined is a value that means nothing. */
interface Kind<T> {
  /** What may stand there, in words. */
  readonly allowed: string;
  read(text: string): T | undefined;
}

interface Attribute<T> extends Kind<T> {
  /** What holds without it, in words. */
  readonly without: string;
}

export interface Complaint {
  readonly name: string;
  readonly value: string;
  readonly allowed: string;
}

const YES: ReadonlySet<string> = new Set(["", "true", "on", "yes"]);
const NO: ReadonlySet<string> = new Set(["false", "off", "no"]);

const text: Kind<string> = { allowed: "a text", read: (value) => value.trim() };
const flag: Kind<boolean> = {
  allowed: "true, false",
  read: (value) => (YES.has(value.toLowerCase()) ? true : NO.has(value.toLowerCase()) ? false : undefined),
};
const colour: Kind<string> = {
  allowed: "a CSS colour",
  read(value) {
    const known = globalThis.CSS?.supports("color", value.trim()) ?? true;
    return known && value.trim() !== "" && !/^(currentcolor|inherit|initial|unset|revert.*)$/i.test(value.trim())
      ? value.trim()
      : undefined;
  },
};
const address: Kind<string> = {
  allowed: "an http(s) address, or one on this site",
  read(value) {
    const here = globalThis.document?.baseURI ?? "http://localhost/";
    if (value.trim() === "" || !URL.canParse(value.trim(), here)) return undefined;
    const url = new URL(value.trim(), here);
    return /^https?:$/.test(url.protocol) ? url.href : undefined;
  },
};
const avatar: Kind<string> = {
  allowed: "orb, or the address of an image or a film",
  read: (value) => (value.trim().toLowerCase() === "orb" ? "orb" : address.read(value)),
};
const list: Kind<readonly string[]> = {
  allowed: "texts with | between them",
  read: (value) => value.split("|").map((one) => one.trim()).filter((one) => one !== ""),
};
const json: Kind<Readonly<Record<string, unknown>>> = {
  allowed: "a JSON object",
  read(value) {
    try {
      const found: unknown = JSON.parse(value);
      const plain = typeof found === "object" && found !== null && !Array.isArray(found);
      return plain ? (found as Record<string, unknown>) : undefined;
    } catch {
      return undefined;
    }
  },
};
/** A flag, or words of the page's own. */
const notice: Kind<string | boolean> = {
  allowed: "true, false, or a text",
  read: (value) => flag.read(value) ?? value.trim(),
};

function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  return {
    allowed: values.join(", "),
    read: (value) => values.find((one) => one.toLowerCase() === value.trim().toLowerCase()),
  };
}

/** One row of the table. */
function row<T>(kind: Kind<T>, without: string): Attribute<T> {
  return { allowed: kind.allowed, read: (value) => kind.read(value), without };
}

/** Every attribute of the tag: what it may say, and what holds without it. */
export const ATTRIBUTES = {
  agent: row(text, ""),
  "base-url": row(address, "the script's origin"),
  key: row(text, ""),
  mode: row(choice("hybrid", "voice", "text"), "hybrid"),
  "experience-mode": row(choice("WIDGET", "EMBEDDED"), "WIDGET"),
  position: row(choice("bottom-right", "bottom-left", "top-right", "top-left", "inline"), "bottom-right"),
  size: row(choice("compact", "regular", "large"), "regular"),
  theme: row(choice("auto", "light", "dark"), "auto"),
  accent: row(colour, "the house's own"),
  avatar: row(avatar, "the agent's own, or orb"),
  language: row(text, "the page's"),
  texts: row(json, ""),
  "texts-url": row(address, ""),
  title: row(text, "the agent's name"),
  "start-text": row(text, "Talk"),
  greeting: row(notice, "the agent's greeting"),
  suggestions: row(list, "the agent's own"),
  "persist-key": row(text, ""),
  "default-open": row(flag, "false"),
  dismissible: row(flag, "true"),
  transcript: row(flag, "true"),
  captions: row(flag, "false"),
  "mic-muted": row(flag, "false"),
  consent: row(text, "the agent's own"),
  feedback: row(choice("off", "thumbs", "text"), "off"),
  tabs: row(choice("takeover", "reject", "share"), "the agent's own"),
  "record-notice": row(notice, "false"),
  metadata: row(json, ""),
  "worklet-url": row(address, "the server's /assets/worklet.js"),
  "client-url": row(address, "the server's /assets/duologue.js"),
  pathname: row(text, "the page's"),
} as const;

/** The name of an attribute of the tag. */
export type AttributeName = keyof typeof ATTRIBUTES;

/** What a tag says; null where it says nothing, or nothing that is known. */
export type Given = {
  readonly [Name in AttributeName]: (typeof ATTRIBUTES)[Name] extends Attribute<infer T> ? T | null : never;
};

export const NAMES = Object.keys(ATTRIBUTES) as readonly AttributeName[];

/** Reads a tag; what is wrong with it is told by `complain`. */
export function readAttributes(
  value: (name: string) => string | null,
  complain: (complaint: Complaint) => void = () => undefined,
): Given {
  const found = NAMES.map((name) => {
    const given = value(name);
    if (given === null) return [name, null];
    const { allowed, read } = ATTRIBUTES[name];
    const meant = read(given);
    if (meant === undefined) complain({ name, value: given, allowed });
    return [name, meant ?? null];
  });
  return Object.fromEntries(found) as Given;
}
