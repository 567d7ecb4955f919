/** On a phone the panel is a sheet over the page: above the keyboard, and the focus stays in it. */
import { focused } from "./dom.js";

export const PHONE = "(max-width: 480px), (max-height: 460px) and (max-width: 960px)";
const REACHED = "button, a[href], input, textarea, select, [tabindex='0']";

/** Keeps the sheet above the keyboard: a phone tells its height by the visual viewport only. */
export function aboveKeyboard(root: HTMLElement, signal: AbortSignal): void {
  const viewport = globalThis.visualViewport;
  if (viewport == null) return;
  const fit = (): void => {
    root.style.setProperty("--seen", `${Math.round(viewport.height)}px`);
    root.style.setProperty("--above", `${Math.round(viewport.offsetTop)}px`);
  };
  for (const name of ["resize", "scroll"] as const) viewport.addEventListener(name, fit, { signal });
  requestAnimationFrame(fit); // to ask at once would make the browser lay the page out twice
}

/** Leads the focus round inside an element instead of out of it. */
export function trap(panel: HTMLElement, event: KeyboardEvent): void {
  if (event.key !== "Tab") return;
  const reached = [...panel.querySelectorAll<HTMLElement>(REACHED)].filter(
    (one) => one.getClientRects().length > 0 && !one.matches("[inert] *, :disabled, [tabindex='-1']"),
  );
  const [first, last] = [reached[0], reached.at(-1)];
  if (first === undefined || last === undefined) return;
  const at = focused(panel);
  const inside = at !== null && panel.contains(at) && at !== panel;
  if (event.shiftKey && (at === first || !inside)) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && (at === last || !inside)) {
    event.preventDefault();
    first.focus();
  }
}
