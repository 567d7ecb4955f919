/** What somebody wishes of the widget on their own site, as a tag and as settings; pure. */
import type { WidgetFace } from "../../../widget/src/wire.js";

/** The fields of the panel. */
export interface Wish {
  readonly place: "bottom-right" | "bottom-left" | "page";
  readonly mode: "hybrid" | "voice" | "text";
  readonly size: "compact" | "regular" | "large";
  readonly title: string;
  readonly startText: string;
  readonly theme: "auto" | "light" | "dark";
  /** Empty for the house's own. */
  readonly accent: string;
  readonly bubble: boolean;
  readonly feedback: boolean;
  readonly recordNotice: boolean;
}

/** Where the look is written down: once at the server, for every page, or in this page's tag. */
export type Keeper = "tag" | "toml";
export type Attributes = Readonly<Record<string, string>>;

/** What the agent's owner has chosen already. */
export function chosen({ look }: WidgetFace): Wish {
  return {
    place: "bottom-right",
    mode: "hybrid",
    size: "regular",
    title: look.title,
    startText: look.startText,
    theme: look.theme,
    accent: look.accent,
    bubble: look.bubble,
    feedback: look.feedback,
    recordNotice: look.recordNotice,
  };
}

/** The attributes of the preview: everything that differs from what the server says by itself. */
export function shown(wish: Wish, face: WidgetFace): Attributes {
  return { ...placed(wish), ...looks(wish, face) };
}

/** The two lines for the site. */
export function tag(wish: Wish, face: WidgetFace, keeper: Keeper, url: string, key: string | null): string {
  const base = url.replace(/\/+$/, "");
  const attributes: Attributes = {
    agent: face.agent,
    ...(key === null ? {} : { key }),
    ...placed(wish),
    ...(keeper === "tag" ? looks(wish, face) : {}),
  };
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  const script = `<script async src="${escaped(base)}/duologue.js"></script>`;
  return `${script}\n<duologue-widget${written.join("")}></duologue-widget>`;
}

/** The lines of `duologue.toml` that say the look once; empty where nothing is to be said. */
export function toml(wish: Wish, face: WidgetFace): string {
  const before = chosen(face);
  const lines = TABLE.filter(([field]) => wish[field] !== before[field]).map(
    ([field, name]) => `${name} = ${JSON.stringify(wish[field])}`,
  );
  return lines.length === 0 ? "" : [`[agents.${face.agent}.widget]`, ...lines].join("\n");
}

/** The command that makes a key for a site, for whoever may not make one here. */
export function command(agent: string, origin: string): string {
  return `duologue keys create --kind public --agent ${agent} --origin ${origin || "https://your.site"}`;
}

/** The origin that a key is to list, of whatever address of the site was typed; null where it is none. */
export function originOf(typed: string): string | null {
  const text = typed.trim();
  if (text === "") return null;
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(whole)) return null;
  const { protocol, origin, hostname } = new URL(whole);
  // Some browsers take a host with spaces, and write them as %20.
  return /^https?:$/.test(protocol) && /^[^%]+$/.test(hostname) ? origin : null;
}

/** The fields that are the owner's to say, their names in `duologue.toml` and in a tag. */
const TABLE = [
  ["title", "title", "title"],
  ["startText", "start_text", "start-text"],
  ["theme", "theme", "theme"],
  ["accent", "accent", "accent"],
  ["bubble", "bubble", "greeting"],
  ["feedback", "feedback", "feedback"],
  ["recordNotice", "record_notice", "record-notice"],
] as const satisfies readonly (readonly [keyof Wish, string, string])[];

/** Whether a page's tag may say this at all, or the agent's owner alone. */
export function open(field: keyof Wish, face: WidgetFace): boolean {
  const row = TABLE.find(([name]) => name === field);
  return row === undefined || (face.attributes as readonly string[]).includes(row[2]);
}

function placed({ place, mode, size }: Wish): Attributes {
  return {
    ...(place === "page" ? { "experience-mode": "EMBEDDED" } : {}),
    ...(place === "bottom-left" ? { position: place } : {}),
    ...(mode === "hybrid" ? {} : { mode }),
    ...(size === "regular" || place === "page" ? {} : { size }),
  };
}

function looks(wish: Wish, face: WidgetFace): Attributes {
  const before = chosen(face);
  const differs = TABLE.filter(([field]) => wish[field] !== before[field] && open(field, face));
  return Object.fromEntries(differs.map(([field, , name]) => [name, said(field, wish)]));
}

function said(field: (typeof TABLE)[number][0], wish: Wish): string {
  if (field === "feedback") return wish.feedback ? "text" : "off";
  return String(wish[field]);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
