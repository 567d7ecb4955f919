/** The box to type in, and sentences to begin with. */
import type { Call } from "./call.js";
import { button, make, set, write } from "./dom.js";
import { icon } from "./icons.js";
import type { Model } from "./model.js";
import type { Scene } from "./scene.js";
import type { Translate } from "./texts/index.js";

export class Composer {
  readonly box = make("input", "box", { type: "text", autocomplete: "off", enterkeyhint: "send" });
  readonly form: HTMLFormElement;
  readonly begin: HTMLElement;
  private readonly send = make("button", "send", { type: "submit" }, icon("send"));
  private readonly hint = make("p", "hint");
  private readonly list = make("ul", "chips");
  private drawn: readonly string[] = [];

  constructor(private readonly call: Call) {
    this.form = make("form", "composer", {}, this.box, this.send);
    this.begin = make("div", "begin", {}, this.hint, this.list);
    // An empty box stands as its placeholder does; a text as it is written.
    this.box.addEventListener("input", () => (this.box.dir = this.box.value === "" ? "" : "auto"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.box.value.trim();
      if (text === "") return;
      this.box.value = "";
      this.box.dir = "";
      this.call.say(text);
    });
  }

  draw(model: Model, scene: Scene, users: number, t: Translate): void {
    const { suggestions } = model.settings;
    this.form.hidden = !scene.typing;
    set(this.box, "placeholder", t("typeHere"));
    set(this.box, "aria-label", t("typeHere"));
    set(this.send, "aria-label", t("send"));
    const begins = scene.begin && !model.line.resumable;
    this.begin.hidden = !(scene.typing && suggestions.length > 0 && (begins || (users === 0 && !scene.begin)));
    write(this.hint, t("hint"));
    if (suggestions === this.drawn) return;
    this.drawn = suggestions;
    this.list.replaceChildren(...suggestions.map((one) => make("li", "", {}, this.chip(one))));
  }

  private chip(text: string): HTMLButtonElement {
    const chip = button("chip", () => this.call.say(text), text);
    chip.dir = "auto";
    return chip;
  }
}
