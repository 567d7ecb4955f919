/** Short words from the server or the widget, shown for a while and read out once. */
import { button, make } from "./dom.js";
import { icon } from "./icons.js";

/** Milliseconds; long words stay longer. */
const shownFor = (text: string): number => 4000 + text.length * 45;
const MOST = 2;

export class Notices {
  readonly element = make("div", "notices", { role: "status" });

  show(text: string, dismiss: string): void {
    const away = (): void => note.remove();
    const close = button("dismiss", away, icon("dismiss"));
    close.setAttribute("aria-label", dismiss);
    const note = make("div", "notice", {}, make("p", "", { dir: "auto" }, text), close);
    let timer = setTimeout(away, shownFor(text));
    note.addEventListener("pointerenter", () => clearTimeout(timer));
    note.addEventListener("pointerleave", () => {
      timer = setTimeout(away, 2500);
    });
    this.element.append(note);
    while (this.element.children.length > MOST) this.element.firstElementChild?.remove();
  }
}
