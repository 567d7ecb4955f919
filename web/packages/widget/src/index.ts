/** `@duologue/widget`: importing it defines `<duologue-widget>`; on a server it does nothing. */
import { define } from "./define.js";

/** One file for each, which a bundler sets apart. */
const LANGUAGES = {
  de: () => import("./texts/de.js"),
  fr: () => import("./texts/fr.js"),
  es: () => import("./texts/es.js"),
  ar: () => import("./texts/ar.js"),
};

define({
  origin: null,
  load: () => import("@duologue/client"),
  words: (language) => LANGUAGES[language as keyof typeof LANGUAGES](),
});

export { ATTRIBUTES, type AttributeName } from "./attributes.js";
export { LiveLayerWidget } from "./define.js";
export { DuologueWidget } from "./element.js";
export { EVENTS, type EventName } from "./tidings.js";
export { type TextKey, type Texts } from "./texts/index.js";
