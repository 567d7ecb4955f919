/** What is wrong with a microphone, and how its owner mends it. */
import type { Line } from "./model.js";
import type { Mend } from "./scene.js";
import type { Translate } from "./texts/index.js";

export function microphoneTrouble(state: Line["microphone"], t: Translate): Mend | null {
  switch (state) {
    case "denied":
      return { title: t("denied"), text: t("deniedDetail"), act: true };
    case "missing":
      return { title: t("missing"), text: t("missingDetail"), act: true };
    case "lost":
      return { title: t("gone"), text: t("goneDetail"), act: true };
    case "unsupported":
      return { title: t("unsupported"), text: t("unsupportedDetail"), act: false };
    case "off":
    case "asking":
    case "on":
    case "muted":
      return null;
    default:
      return state satisfies never;
  }
}
