/** Short words from the server or the page, shown for a while and read out once. */
import { make, need } from "./page.js";

/** Milliseconds; long words stay longer. */
const shownFor = (text: string): number => 4000 + text.length * 45;
const MOST = 3;

export class Notices {
  private readonly place = need("notices", HTMLElement);

  show(text: string): void {
    const note = make("div", "notice");
    const close = make("button", "dismiss", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Dismiss");
    note.append(make("p", "", text), close);
    const away = (): void => note.remove();
    close.addEventListener("click", away);
    let timer = setTimeout(away, shownFor(text));
    note.addEventListener("pointerenter", () => clearTimeout(timer));
    note.addEventListener("pointerleave", () => {
      timer = setTimeout(away, 2500);
    });
    this.place.append(note);
    while (this.place.children.length > MOST) this.place.firstElementChild?.remove();
  }
}
