/** What a mark is, beside it, for whoever points at it or comes to it by keys. */
import { make } from "./make";
import { within } from "./scale";

const GAP = 8;

/** Takes the browser's own tips away: they come late, and never by keys; what is read aloud is in the label. */
export function untitled(page: Document): void {
  for (const each of page.querySelectorAll(".lane title, .delays title")) {
    const text = each.textContent;
    each.parentElement?.setAttribute("data-tip", text);
    each.remove();
  }
}

export function tips(page: Document): void {
  const tip = make(page, "div", { class: "tip", "aria-hidden": "true", hidden: "" });
  page.body.append(tip);
  let shown: Element | null = null;
  const hide = (): void => {
    tip.hidden = true;
    shown = null;
  };
  const put = (drawn: Element, at: number | null): void => {
    const mark = drawn.getBoundingClientRect();
    const view = drawn.closest(".view, svg")?.getBoundingClientRect() ?? mark;
    const seen = (within(mark.left, view.left, view.right) + within(mark.right, view.left, view.right)) / 2;
    const wide = page.documentElement.clientWidth;
    const left = (at ?? seen) - tip.offsetWidth / 2;
    tip.style.left = `${within(left, GAP, wide - tip.offsetWidth - GAP)}px`;
    const above = mark.top - tip.offsetHeight - GAP;
    tip.style.top = `${above < GAP ? mark.bottom + GAP : above}px`;
  };
  const show = (event: Event): void => {
    const drawn = event.target instanceof Element ? event.target.closest(".lane a, .delays rect") : null;
    const text = drawn?.getAttribute("aria-label") ?? drawn?.getAttribute("data-tip");
    if (drawn === null || text === null || text === undefined) return hide();
    shown = drawn;
    tip.textContent = text;
    tip.hidden = false;
    put(drawn, event instanceof PointerEvent ? event.clientX : null);
  };
  // What the focus came to was scrolled into view by that; what was pointed at is elsewhere now.
  const moved = (): void => {
    if (shown !== null && shown === page.activeElement) put(shown, null);
    else hide();
  };
  page.addEventListener("pointerover", show);
  page.addEventListener("focusin", show);
  page.addEventListener("focusout", hide);
  page.addEventListener("scroll", moved, true);
  page.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}
