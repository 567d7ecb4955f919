/** What is wrong with a microphone, and how its owner mends it. */
import type { Line } from "./model.js";
import type { Mend } from "./scene.js";
import type { Translate } from "./texts/index.js";

/** `types` says that there is a place to type in meanwhile; else one can still listen. */
export function microphoneTrouble(state: Line["microphone"], types: boolean, t: Translate): Mend | null {
  const and = (text: string): string => `${text} ${t(types ? "typeMeanwhile" : "listenMeanwhile")}`;
  switch (state) {
    case "denied":
      return { title: t("denied"), text: and(t("deniedDetail")), act: true };
    case "missing":
      return { title: t("missing"), text: and(t("missingDetail")), act: true };
    case "lost":
      return { title: t("gone"), text: t("goneDetail"), act: true };
    case "unsupported":
      return { title: t("unsupported"), text: and(t("unsupportedDetail")), act: false };
    case "off":
    case "asking":
    case "on":
    case "muted":
      return null;
    default:
      return state satisfies never;
  }
}
