/** Everything that a widget listens to while it stands in a page; a signal ends it all. */
import { pages } from "./navigate.js";
import { aboveKeyboard, PHONE } from "./phone.js";
import type { View } from "./view.js";

export interface Ears {
  /** Somebody is about to talk. */
  near(): void;
  key(event: KeyboardEvent): void;
  /** The network came or went. */
  online(): void;
  /** Whoever held a button does not see the page any more. */
  blur(): void;
  /** The page became as narrow as a phone, or as wide as it was. */
  narrow(): void;
  /** The visitor went to another page of a site without reloads. */
  page(): void;
}

export function listen({ root, launcher }: View, ears: Ears, signal: AbortSignal): void {
  const to = (target: EventTarget | null | undefined, name: string, ear: (event: never) => void): void =>
    target?.addEventListener(name, ear as EventListener, { signal });
  to(launcher.button, "pointerenter", ears.near);
  to(launcher.button, "focus", ears.near);
  to(root, "keydown", ears.key);
  to(globalThis, "online", ears.online);
  to(globalThis, "offline", ears.online);
  to(globalThis, "blur", ears.blur);
  to(matchMedia(PHONE), "change", ears.narrow);
  aboveKeyboard(root, signal);
  pages(ears.page, signal);
}
