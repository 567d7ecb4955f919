/** What a mark is, beside it, for whoever points at it or comes to it by keys. */
import { make } from "./make";
import { within } from "./scale";

const GAP = 8;

export function tips(page: Document): void {
  const tip = make(page, "div", { class: "tip", "aria-hidden": "true", hidden: "" });
  page.body.append(tip);
  // The browser's own would come late, and never by keys; what is read aloud is in the label.
  for (const each of page.querySelectorAll(".lane title, .delays title")) {
    const text = each.textContent;
    each.parentElement?.setAttribute("data-tip", text);
    each.remove();
  }
  const hide = (): void => void (tip.hidden = true);
  const show = (event: Event): void => {
    const drawn = event.target instanceof Element ? event.target.closest(".lane a, .delays rect") : null;
    const text = drawn?.getAttribute("aria-label") ?? drawn?.getAttribute("data-tip");
    if (drawn === null || text === null || text === undefined) return hide();
    tip.textContent = text;
    tip.hidden = false;
    const mark = drawn.getBoundingClientRect();
    const view = drawn.closest(".view, svg")?.getBoundingClientRect() ?? mark;
    const seen = (within(mark.left, view.left, view.right) + within(mark.right, view.left, view.right)) / 2;
    const x = event instanceof PointerEvent ? event.clientX : seen;
    const wide = page.documentElement.clientWidth;
    tip.style.left = `${within(x - tip.offsetWidth / 2, GAP, wide - tip.offsetWidth - GAP)}px`;
    const above = mark.top - tip.offsetHeight - GAP;
    tip.style.top = `${above < GAP ? mark.bottom + GAP : above}px`;
  };
  for (const name of ["pointerover", "focusin"] as const) page.addEventListener(name, show);
  for (const name of ["focusout", "scroll"] as const) page.addEventListener(name, hide, true);
  page.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}
