/** A widget's model for tests: a demo agent, and a page that says nothing of its own. */
import { readAttributes } from "../src/attributes.js";
import { type Face, stranger } from "../src/face.js";
import { fresh, IDLE, type Line, type Model } from "../src/model.js";
import { type Scene, scene } from "../src/scene.js";
import { combine, type Settings } from "../src/settings.js";
import { translator } from "../src/texts/index.js";

export const NOW = 100_000;
export const t = translator();
export const FACE: Face = {
  ...stranger("desk"),
  name: "Desk",
  greeting: "Hello.",
  suggestions: ["When are you open?"],
  attributes: ["title", "start-text", "greeting", "theme", "accent", "language", "suggestions", "record-notice", "feedback"],
};

/** What holds for a tag with these attributes. */
export function settings(attributes: Readonly<Record<string, string>> = {}, face: Face = FACE): Settings {
  return combine(readAttributes((name) => attributes[name] ?? null), face, true, ["en"]);
}

/** The scene of a tag, a line and whatever else is different. */
export function at(line: Partial<Line>, change: Partial<Model> = {}, tag: Readonly<Record<string, string>> = {}): Scene {
  return scene({ ...fresh(settings(tag), true), ...change, line: { ...IDLE, ...line } }, t, NOW);
}

/** The same for a line that stands and is heard. */
export function live(line: Partial<Line> = {}, change: Partial<Model> = {}, tag: Readonly<Record<string, string>> = {}): Scene {
  return at({ state: "connected", sound: "on", microphone: "on", activity: "listening", ...line }, change, tag);
}
