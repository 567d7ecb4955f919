/** Every attribute of the tag in one table: what it may say, what holds without it, what it does. */

/** How one attribute is read; undefined is a value that means nothing. */
interface Kind<T> {
  /** What may stand there, in words. */
  readonly allowed: string;
  read(text: string): T | undefined;
}

interface Attribute<T> extends Kind<T> {
  /** What holds without it, in words. */
  readonly without: string;
  readonly does: string;
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
function row<T>(kind: Kind<T>, without: string, does: string): Attribute<T> {
  return { allowed: kind.allowed, read: (value) => kind.read(value), without, does };
}

export const ATTRIBUTES = {
  agent: row(text, "", "The agent's slug or id. The only one that is needed."),
  "base-url": row(address, "the script's origin", "The server."),
  key: row(text, "", "A public key, where the page is of another origin than the server."),
  mode: row(choice("hybrid", "voice", "text"), "hybrid", "Whether one talks, types, or both."),
  "experience-mode": row(choice("WIDGET", "EMBEDDED"), "WIDGET", "In a corner, or filling the place of the tag."),
  position: row(
    choice("bottom-right", "bottom-left", "top-right", "top-left", "inline"),
    "bottom-right",
    "The corner; `inline` stands where the tag stands.",
  ),
  size: row(choice("compact", "regular", "large"), "regular", "Of the button and the panel."),
  theme: row(choice("auto", "light", "dark"), "auto", "`auto` follows the visitor's system."),
  accent: row(colour, "the house's own", "The agent's colour; its contrast is kept."),
  avatar: row(avatar, "the agent's own, or orb", "What stands for the agent: two circles, a picture, a film."),
  language: row(text, "the page's", "Of the widget's words: en, de, fr, es, ar; others by `texts-url`."),
  texts: row(json, "", "Words that replace the widget's own, by their keys."),
  "texts-url": row(address, "", "A JSON file of such words."),
  title: row(text, "the agent's name", "The heading."),
  "start-text": row(text, "Talk", "The words on the button that begins."),
  greeting: row(notice, "the agent's greeting", "The words of the bubble beside the closed button; `false` for none."),
  suggestions: row(list, "the agent's own", "Sentences to begin with."),
  "persist-key": row(text, "", "Remembers under this name whether the panel is open."),
  "default-open": row(flag, "false", "Open from the start."),
  dismissible: row(flag, "true", "Whether the panel can be closed."),
  transcript: row(flag, "true", "Shows what is said."),
  captions: row(flag, "false", "Shows the words of the moment, large."),
  "mic-muted": row(flag, "false", "Begins with the microphone muted."),
  consent: row(text, "the agent's own", "What must be agreed to first: a text, or the address of one."),
  feedback: row(choice("off", "thumbs", "text"), "off", "What is asked at the end."),
  tabs: row(choice("takeover", "reject", "share"), "the agent's own", "What a second tab does, where the agent lets pages say so."),
  "record-notice": row(notice, "false", "Says that the conversation is kept, in these words if there are any."),
  metadata: row(json, "", "What the agent and the record are told of this visitor."),
  "worklet-url": row(address, "<base-url>/assets/worklet.js", "The file with the worklets."),
  "client-url": row(address, "<base-url>/assets/duologue.js", "The file with the client, which is loaded when it is needed."),
  pathname: row(text, "the page's", "Where in the site the visitor is, for the agent."),
} as const;

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
