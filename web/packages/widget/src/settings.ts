/** What holds in a widget: the tag's words, else its owner's at the server, else the widget's own. */
import type { AttributeName, Given } from "./attributes.js";
import type { Face } from "./face.js";
import { spoken } from "./texts/index.js";

export interface Settings {
  readonly agent: string;
  readonly key: string | null;
  readonly mode: "hybrid" | "voice" | "text";
  readonly embedded: boolean;
  readonly position: "bottom-right" | "bottom-left" | "top-right" | "top-left" | "inline";
  readonly size: "compact" | "regular" | "large";
  readonly theme: "auto" | "light" | "dark";
  /** Null for the house's own. */
  readonly accent: string | null;
  readonly avatar: Avatar;
  readonly language: string;
  readonly name: string;
  readonly startText: string | null;
  /** The words of the bubble; null for none. */
  readonly bubble: string | null;
  readonly greeting: string;
  readonly suggestions: readonly string[];
  readonly pushToTalk: boolean;
  readonly persistKey: string | null;
  readonly defaultOpen: boolean;
  readonly dismissible: boolean;
  readonly transcript: boolean;
  readonly captions: boolean;
  readonly micMuted: boolean;
  readonly feedback: "off" | "thumbs" | "text";
  /** True for the widget's own words. */
  readonly recordNotice: string | boolean;
  /** Whether the sound is recorded, of which no page may say nothing. */
  readonly recorded: boolean;
}

export type Avatar =
  | { readonly kind: "orb" }
  | { readonly kind: "image" | "film"; readonly url: string };

/** What an owner may keep pages from saying. */
const OWNED: ReadonlySet<AttributeName> = new Set<AttributeName>([
  "title",
  "start-text",
  "greeting",
  "theme",
  "accent",
  "language",
  "suggestions",
  "record-notice",
  "feedback",
]);

/** `known` is whether the server told the face, so that its limits are meant. */
export function combine(given: Given, face: Face, known: boolean, page: readonly string[]): Settings {
  const { look } = face;
  const said = <Name extends AttributeName>(name: Name): Given[Name] | null =>
    known && OWNED.has(name) && !(face.attributes as readonly string[]).includes(name) ? null : given[name];
  const greeting = said("greeting");
  const bubble = greeting === true ? face.greeting : greeting || (greeting === null && look.bubble ? face.greeting : "");
  return {
    agent: given.agent ?? face.agent,
    key: given.key || null,
    mode: given.mode ?? "hybrid",
    embedded: given["experience-mode"] === "EMBEDDED",
    position: given.position ?? "bottom-right",
    size: given.size ?? "regular",
    theme: said("theme") ?? look.theme,
    accent: (said("accent") ?? look.accent) || null,
    avatar: avatarOf(given.avatar, face),
    language: said("language") || look.language || spoken(page),
    name: said("title") || look.title || face.name,
    startText: said("start-text") || look.startText || null,
    bubble: bubble || null,
    greeting: typeof greeting === "string" && greeting !== "" ? greeting : face.greeting,
    suggestions: said("suggestions") ?? face.suggestions,
    pushToTalk: face.pushToTalk,
    persistKey: given["persist-key"] || null,
    defaultOpen: given["default-open"] ?? false,
    dismissible: given.dismissible ?? true,
    transcript: given.transcript ?? true,
    captions: given.captions ?? false,
    micMuted: given["mic-muted"] ?? false,
    feedback: said("feedback") ?? (look.feedback ? "text" : "off"),
    recordNotice: said("record-notice") ?? look.recordNotice,
    recorded: face.recorded,
  };
}

function avatarOf(given: string | null, face: Face): Avatar {
  if (given === "orb") return { kind: "orb" };
  if (given !== null) return pictured(given);
  if (face.idleLoopUrl) return { kind: "film", url: face.idleLoopUrl };
  return face.avatarImageUrl ? { kind: "image", url: face.avatarImageUrl } : { kind: "orb" };
}

function pictured(url: string): Avatar {
  return { kind: /\.(mp4|webm|mov|m4v|ogv)$/i.test(url.split(/[?#]/)[0] ?? "") ? "film" : "image", url };
}
