/** How the widget looks in a state: pure, so that each state can be read here, and only here. */
import { type Model, isOpen } from "./model.js";
import { connected } from "./scene-connected.js";
import { ended, failed } from "./scene-over.js";
import type { Translate } from "./texts/index.js";

/** What the two voices do. */
export type Mood = "idle" | "connecting" | "listening" | "thinking" | "speaking" | "muted" | "apart" | "over";

export type Button =
  | "start"
  | "resume"
  | "anew"
  | "hear"
  | "hold"
  | "speak"
  | "mute"
  | "interrupt"
  | "end";

/** A problem that the visitor can mend. */
export interface Mend {
  readonly title: string;
  readonly text: string;
  /** There is a button that tries again. */
  readonly act: boolean;
}

export interface Scene {
  readonly mood: Mood;
  readonly state: string;
  readonly detail: string;
  /** What is read out when it changes: no turns, and no seconds that are counted. */
  readonly news: string;
  readonly buttons: readonly Button[];
  /** The words on the button that begins, and on the one that goes on. */
  readonly start: string;
  readonly resume: string;
  /** There is something that could be silenced. */
  readonly interruptible: boolean;
  readonly mend: Mend | null;
  /** The greeting and the suggestions are shown. */
  readonly begin: boolean;
  /** What is typed can be sent, now or by connecting first. */
  readonly typing: boolean;
  /** Beside what was said, or alone. */
  readonly layout: "alone" | "both";
}

/** The state of a session that begins; others change what is different. */
export function plain({ settings, line, spoken }: Model, t: Translate): Scene {
  const stands = line.state === "connected" || line.state === "reconnecting";
  const said = settings.transcript && line.state !== "idle" && (stands || spoken);
  return {
    mood: "idle",
    state: "",
    detail: "",
    news: "",
    buttons: [],
    start: settings.startText ?? t("start"),
    resume: t("resume"),
    interruptible: false,
    mend: null,
    begin: false,
    typing: false,
    layout: said && (settings.mode !== "voice" || spoken) ? "both" : "alone",
  };
}

/** The scene of a state; `now` is the page's clock. */
export function scene(model: Model, t: Translate, now: number): Scene {
  switch (model.line.state) {
    case "idle":
      return idle(model, t);
    case "connecting":
      return connecting(model, t);
    case "connected":
      return connected(model, t);
    case "reconnecting":
      return reconnecting(model, t, now);
    case "disconnected":
      return ended(model, t);
    case "failed":
      return failed(model, t, now);
    default:
      return model.line.state satisfies never;
  }
}

/** What is typed reaches the agent: the page allows it, and the session can carry it. */
export function types({ settings, line }: Model): boolean {
  return settings.mode !== "voice" && line.whole;
}

function idle(model: Model, t: Translate): Scene {
  const { settings, line } = model;
  const texts = settings.mode === "text";
  const first = texts && types(model) ? [] : (["start"] as const);
  return {
    ...plain(model, t),
    state: t("ready"),
    detail: line.resumable ? t("stillOpen") : "",
    buttons: line.resumable ? ["resume", "anew"] : first,
    begin: true,
    typing: types(model),
  };
}

function connecting(model: Model, t: Translate): Scene {
  const asking = model.line.microphone === "asking";
  const state = t(asking ? "asking" : "connecting");
  const detail = asking ? t("askingDetail") : "";
  return {
    ...plain(model, t),
    mood: "connecting",
    state,
    detail,
    news: sentences(state, detail),
    buttons: ["end"],
    typing: types(model) && model.spoken,
  };
}

function reconnecting(model: Model, t: Translate, now: number): Scene {
  const { online, lostAt, settings } = model;
  const seconds = Math.max(1, Math.round((now - (lostAt ?? now)) / 1000));
  const state = t(online ? "reconnecting" : "offline");
  return {
    ...plain(model, t),
    mood: "apart",
    state,
    news: state,
    detail: online ? t("reconnectingDetail", { seconds, name: settings.name }) : t("offlineDetail"),
    buttons: ["end"],
    typing: types(model),
  };
}

/** Whether the agent's voice can be heard, so that its words need not be read out. */
export function audible({ line, settings }: Model, voice: HTMLAudioElement | null): boolean {
  if (!isOpen(line) || line.sound !== "on" || settings.mode === "text") return false;
  return voice === null || (!voice.muted && voice.volume > 0);
}

/** One text of several, for a voice that reads it out. */
export function sentences(...parts: readonly string[]): string {
  return parts.filter(Boolean).join(". ").replace(/([.…?!؟])\. /g, "$1 ");
}

/** What the closed button says: what goes on, or what it is for. */
export function launching(model: Model, now: Scene, t: Translate): string {
  if (isOpen(model.line)) return now.state;
  return model.settings.startText ?? t("launch", { name: model.settings.name }).trim();
}
