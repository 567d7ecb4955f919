/** How the page looks in a state: pure, so that each state can be read here, and only here. */
import type { Model } from "./model.js";
import { connected } from "./scene-connected.js";
import { ended, failed } from "./scene-over.js";

/** What the two voices do. */
export type Mood =
  | "idle"
  | "connecting"
  | "listening"
  | "thinking"
  | "speaking"
  | "muted"
  | "apart"
  | "over";

export type Button =
  | "talk"
  | "resume"
  | "anew"
  | "type"
  | "hear"
  | "hold"
  | "listen"
  | "mute"
  | "interrupt"
  | "end";

/** A problem that the user can mend, and the button that tries again. */
export interface Mend {
  readonly title: string;
  readonly text: string;
  readonly act: "listen" | "talk" | null;
  readonly label: string;
}

export interface Scene {
  readonly mood: Mood;
  readonly state: string;
  readonly detail: string;
  readonly buttons: readonly Button[];
  readonly talkLabel: string;
  readonly resumeLabel: string;
  /** There is something that could be silenced. */
  readonly interruptible: boolean;
  readonly mend: Mend | null;
  /** The greeting, the suggestions and the choice of agents are shown. */
  readonly begin: boolean;
  /** What is typed can be sent, now or by connecting first. */
  readonly typing: boolean;
}

export const plain: Scene = {
  mood: "idle",
  state: "",
  detail: "",
  buttons: [],
  talkLabel: "Talk",
  resumeLabel: "Resume",
  interruptible: false,
  mend: null,
  begin: false,
  typing: false,
};

/** The scene of a state; `now` is the page's clock. */
export function scene(model: Model, now: number): Scene {
  switch (model.line) {
    case "idle":
      return idle(model);
    case "connecting":
      return connecting(model);
    case "connected":
      return connected(model);
    case "reconnecting":
      return reconnecting(model, now);
    case "disconnected":
      return ended(model);
    case "failed":
      return failed(model, now);
    default:
      return model.line satisfies never;
  }
}

function idle(model: Model): Scene {
  return {
    ...plain,
    state: "Ready when you are",
    detail: model.resumable ? "Your last conversation can still go on." : "",
    buttons: model.resumable ? ["resume", "anew", "type"] : ["talk", "type"],
    begin: true,
  };
}

function connecting(model: Model): Scene {
  const asking = model.microphone === "asking";
  return {
    ...plain,
    mood: "connecting",
    state: asking ? "May this page hear you?" : "Connecting…",
    detail: asking ? "Your browser asks for the microphone." : "",
    buttons: ["end"],
  };
}

function reconnecting(model: Model, now: number): Scene {
  const seconds = Math.max(0, Math.round((now - (model.lostAt ?? now)) / 1000));
  const since = seconds < 2 ? "The line just broke." : `The line broke ${ago(seconds)} ago.`;
  return {
    ...plain,
    mood: "apart",
    state: model.online ? "Reconnecting…" : "You are offline",
    detail: model.online
      ? `${since} ${model.agent.name} keeps your place.`
      : `${since} It goes on by itself once the network is back.`,
    buttons: ["end"],
    typing: true,
  };
}

function ago(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${seconds % 60} s`;
}
