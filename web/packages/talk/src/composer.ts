/** The box to type in, and sentences to begin with. */
import type { Call } from "./call.js";
import type { Model } from "./model.js";
import { make, need, write } from "./page.js";
import type { Scene } from "./scene.js";

export class Composer {
  private readonly form = need("composer", HTMLFormElement);
  private readonly box = need("type-box", HTMLInputElement);
  private readonly send = need("send", HTMLButtonElement);
  private readonly begin = need("begin", HTMLElement);
  private readonly hint = need("begin-hint", HTMLElement);
  private readonly list = need("suggestions", HTMLUListElement);
  private drawn: readonly string[] = [];
  private expected = false;

  constructor(private readonly call: Call) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.box.value.trim();
      if (text === "") return;
      this.box.value = "";
      this.call.say(text);
    });
  }

  draw(model: Model, scene: Scene, users: number): void {
    this.form.hidden = !scene.typing;
    this.send.disabled = !scene.typing;
    if (this.expected && scene.typing) {
      this.expected = false;
      this.box.focus({ preventScroll: true });
    }
    const { suggestions } = model.agent;
    const shown = suggestions.length > 0 && (scene.begin || (scene.typing && users === 0));
    this.begin.hidden = !shown;
    write(this.hint, scene.begin ? "Not sure how to begin? Try one." : "Say, or tap");
    if (suggestions !== this.drawn) this.list.replaceChildren(...suggestions.map((s) => this.chip(s)));
    this.drawn = suggestions;
  }

  /** The user wants to type: the box has the focus as soon as it can be typed in. */
  expect(): void {
    this.expected = true;
  }

  private chip(text: string): HTMLLIElement {
    const button = make("button", "chip", text);
    button.type = "button";
    button.addEventListener("click", () => this.call.say(text));
    const item = make("li", "");
    item.append(button);
    return item;
  }
}
