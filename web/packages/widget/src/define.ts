/** Gives the tags their meaning; a second time is harmless. */
import { DuologueWidget } from "./element.js";
import type { Home } from "./seam.js";

/** The same under the name of the document; one class has one tag only. */
export class LiveLayerWidget extends DuologueWidget {}

export const TAGS = { "duologue-widget": DuologueWidget, "livelayer-widget": LiveLayerWidget } as const;

export function define(home: Home): void {
  if (globalThis.customElements === undefined) return;
  for (const [tag, made] of Object.entries(TAGS)) {
    if (customElements.get(tag) !== undefined) continue;
    DuologueWidget.home = home;
    customElements.define(tag, made);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "duologue-widget": DuologueWidget;
    "livelayer-widget": LiveLayerWidget;
  }
}
