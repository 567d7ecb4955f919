/** The scenes of a line that stands. */
import { microphoneTrouble } from "./mending.js";
import type { Model } from "./model.js";
import { type Button, plain, type Scene, sentences, types } from "./scene.js";
import type { Translate } from "./texts/index.js";

export function connected(model: Model, t: Translate): Scene {
  const { line, settings } = model;
  const texts = settings.mode === "text";
  const mend = texts ? null : microphoneTrouble(line.microphone, types(model), t);
  const news = stands(model, t);
  const base: Scene = { ...plain(model, t), news, buttons: buttons(model), mend, typing: types(model) };
  if (line.sound === "blocked" && !texts) {
    const [state, detail] = [t("heldBack"), t("heldBackDetail")];
    return { ...base, mood: "muted", state, detail, news: sentences(state, detail), buttons: ["hear", "end"] };
  }
  switch (line.activity) {
    case "initializing":
      return { ...base, mood: "connecting", state: t("almost") };
    case "idle":
    case "listening":
      return { ...base, ...hearing(model, t) };
    case "thinking": {
      const detail = line.tool === null ? "" : t("using", { tool: line.tool.replaceAll("_", " ") });
      return { ...base, mood: "thinking", state: t("thinking"), detail, interruptible: line.whole };
    }
    case "speaking": {
      const detail = line.whole && line.microphone === "on" && !line.pushToTalk ? t("speakingDetail") : "";
      return { ...base, mood: "speaking", state: t("speaking"), detail, interruptible: line.whole };
    }
    default:
      return line.activity satisfies never;
  }
}

/** What holds for longer than a turn: that the line is there, and whether one is heard. */
function stands({ settings, line }: Model, t: Translate): string {
  if (settings.mode === "text" || !line.whole) return t("connected");
  switch (line.microphone) {
    case "on":
      return line.pushToTalk ? sentences(t("connected"), t("holdDetail")) : t("listening");
    case "muted":
      return sentences(t("muted"), t("mutedDetail", { name: settings.name }));
    default:
      return t("connected"); // what is wrong with a microphone is said beside
  }
}

function hearing({ settings, line, holding }: Model, t: Translate): Pick<Scene, "mood" | "state" | "detail"> {
  if (settings.mode === "text") return { mood: "idle", state: t("yourTurn"), detail: "" };
  switch (line.microphone) {
    case "on":
      if (!line.pushToTalk || holding) return { mood: "listening", state: t("listening"), detail: "" };
      return { mood: "idle", state: t("yourTurn"), detail: t("holdDetail") };
    case "muted":
      return { mood: "muted", state: t("muted"), detail: t("mutedDetail", { name: settings.name }) };
    case "asking":
      return { mood: "idle", state: t("asking"), detail: t("askingDetail") };
    case "off":
    case "denied":
    case "missing":
    case "lost":
    case "unsupported":
      return { mood: "idle", state: t("yourTurn"), detail: settings.mode === "voice" ? "" : t("typeDetail") };
    default:
      return line.microphone satisfies never;
  }
}

function buttons({ settings, line }: Model): Button[] {
  if (!line.whole) return ["end"];
  const shown: Button[] = [];
  const heard = line.microphone === "on" || line.microphone === "muted";
  if (settings.mode !== "text") {
    if (heard) shown.push(line.pushToTalk ? "hold" : "mute");
    if (line.microphone === "off") shown.push("speak");
  }
  return [...shown, "interrupt", "end"];
}
