/** A step with all that was told of it, beside the conversation; its address opens it again. */
import { button, make } from "./make";

const HASH = /^#span-([\w-]{1,64})$/;

export function spanOf(hash: string): string | null {
  return HASH.exec(hash)?.[1] ?? null;
}

/** The step that an address of this conversation leads to; none where it leads elsewhere. */
export function spanIn(address: string, base: string): string | null {
  const { pathname, origin } = new URL(address, base);
  const steps = new URL(base);
  if (origin !== steps.origin || !pathname.startsWith(steps.pathname)) return null;
  return spanOf(`#span-${pathname.slice(steps.pathname.length)}`);
}

/** A page's title is within another page one among several. */
function lower(page: Document, title: Element): void {
  title.replaceWith(make(page, title.localName === "h1" ? "h2" : "h3", {}, ...title.childNodes));
}

export function drawer(page: Document, steps: string): void {
  const base = new URL(steps, location.href).href;
  const close = button(page, "plain close", "Close", () => leave());
  const whole = make(page, "a", { class: "whole" }, "On a page of its own");
  const content = make(page, "div", { class: "content", tabindex: "0", role: "region", "aria-label": "Step" });
  const top = make(page, "div", { class: "top" }, whole, close);
  const box = make(page, "aside", { class: "drawer", "aria-label": "Step", hidden: "" }, top, content);
  page.body.append(box);
  close.textContent = "Close";
  let asked: AbortController | null = null;
  let opener: HTMLElement | SVGElement | null = null;

  async function show(id: string): Promise<void> {
    asked?.abort();
    const own = (asked = new AbortController());
    const address = base + id;
    whole.href = address;
    box.hidden = false;
    content.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { signal: own.signal });
      const text = await answer.text();
      if (own.signal.aborted) return;
      // A parsed page runs nothing of itself, and here there is nothing of ours to run in it.
      const told = new DOMParser().parseFromString(text, "text/html").querySelector("#step, .still");
      if (told === null) throw new Error(`${address} is no step`);
      content.replaceChildren(page.importNode(told, true));
      for (const title of content.querySelectorAll("h2, h1")) lower(page, title);
    } catch {
      if (own.signal.aborted) return;
      content.replaceChildren(make(page, "p", { role: "alert" }, "This step could not be loaded. Try it again."));
    }
    content.removeAttribute("aria-busy");
    content.scrollTop = 0;
    mark(id);
    content.focus({ preventScroll: true });
  }

  function mark(id: string | null): void {
    for (const each of page.querySelectorAll(".lane a[data-open]")) each.removeAttribute("data-open");
    if (id === null) return;
    for (const each of page.querySelectorAll(".lane a")) {
      if (spanIn(each.getAttribute("href") ?? "", base) === id) each.setAttribute("data-open", "");
    }
  }

  function hide(): void {
    asked?.abort();
    if (box.hidden) return;
    box.hidden = true;
    mark(null);
    opener?.focus();
    opener = null;
  }

  function leave(): void {
    history.pushState(null, "", location.pathname + location.search);
    hide();
  }

  function follow(): void {
    const id = spanOf(location.hash);
    if (id === null) hide();
    else void show(id);
  }

  page.addEventListener("click", (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest<HTMLElement | SVGElement>("a[href]") : null;
    if (link === null || link === whole) return;
    const id = spanIn(link.getAttribute("href") ?? "", base);
    if (id === null) return;
    event.preventDefault();
    if (!box.contains(link)) opener = link;
    history.pushState(null, "", `#span-${id}`);
    void show(id);
  });
  page.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !box.hidden) leave();
  });
  addEventListener("popstate", follow);
  if (spanOf(location.hash) !== null) follow();
}
