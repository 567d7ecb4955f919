/** `@duologue/widget`: importing it defines `<duologue-widget>`; on a server it does nothing. */
import { define } from "./define.js";

define({
  origin: null,
  load: () => import("@duologue/client"),
});

export { ATTRIBUTES, type AttributeName } from "./attributes.js";
export { LiveLayerWidget } from "./define.js";
export { DuologueWidget } from "./element.js";
export { EVENTS, type EventName } from "./tidings.js";
export { type TextKey, type Texts } from "./texts/index.js";
