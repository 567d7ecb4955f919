/** The scenes of a line that stands. */
import type { Model } from "./model.js";
import { microphoneTrouble } from "./mending.js";
import { type Button, plain, type Scene } from "./scene.js";

export function connected(model: Model): Scene {
  if (model.sound === "blocked") return blocked(model);
  const base: Scene = {
    ...plain,
    buttons: buttons(model),
    mend: microphoneTrouble(model.microphone),
    typing: true,
  };
  switch (model.agentState) {
    case "initializing":
      return { ...base, mood: "connecting", state: "Almost there…" };
    case "idle":
    case "listening":
      return { ...base, ...hearing(model) };
    case "thinking":
      return { ...base, mood: "thinking", state: "Thinking…", detail: using(model), interruptible: true };
    case "speaking":
      return {
        ...base,
        mood: "speaking",
        state: "Speaking",
        detail: interrupting(model),
        interruptible: true,
      };
    default:
      return model.agentState satisfies never;
  }
}

/** The browser holds the sound back until the page is touched. */
function blocked(model: Model): Scene {
  return {
    ...plain,
    mood: "muted",
    state: "Sound is held back",
    detail: "Your browser keeps a page silent until you touch it.",
    buttons: ["hear", "end"],
    mend: microphoneTrouble(model.microphone),
    typing: true,
  };
}

function hearing(model: Model): Pick<Scene, "mood" | "state" | "detail"> {
  switch (model.microphone) {
    case "on":
      if (!model.pushToTalk || model.holding) {
        return { mood: "listening", state: "Listening", detail: "" };
      }
      return { mood: "idle", state: "Your turn", detail: "Hold the button while you speak." };
    case "muted":
      return { mood: "muted", state: "Muted", detail: `${model.agent.name} cannot hear you.` };
    case "asking":
      return {
        mood: "idle",
        state: "May this page hear you?",
        detail: "Your browser asks for the microphone.",
      };
    case "off":
    case "denied":
    case "missing":
    case "lost":
    case "unsupported":
      return { mood: "idle", state: "Your turn", detail: "Type below; the answer is spoken." };
    default:
      return model.microphone satisfies never;
  }
}

function using(model: Model): string {
  return model.tool === null ? "" : `Using ${model.tool.replaceAll("_", " ")}`;
}

function interrupting(model: Model): string {
  return model.microphone === "on" && !model.pushToTalk ? "Speak, and it falls silent." : "";
}

function buttons(model: Model): Button[] {
  const shown: Button[] = [];
  const heard = model.microphone === "on" || model.microphone === "muted";
  if (heard && model.pushToTalk) shown.push("hold");
  if (heard && !model.pushToTalk) shown.push("mute");
  if (model.microphone === "off") shown.push("listen");
  return [...shown, "interrupt", "end"];
}
