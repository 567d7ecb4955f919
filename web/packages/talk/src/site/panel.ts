/** "On your own site": the fields, the tag that they make, and the widget as it will look. */
import type { DuologueWidget } from "@duologue/widget";

import type { WidgetFace } from "../../../widget/src/wire.js";
import { need, type PageData, write } from "../page.js";
import { Keys } from "./keys.js";
import { type Attributes, chosen, type Keeper, open, shown, tag, toml, type Wish } from "./wish.js";

export class Panel {
  private readonly form = need("site-form", HTMLFormElement);
  private readonly tag = need("site-tag", HTMLElement);
  private readonly toml = need("site-toml", HTMLElement);
  private readonly tomlCode = need("site-toml-code", HTMLElement);
  private readonly stage = need("preview", HTMLElement);
  private readonly keys: Keys;
  private face: WidgetFace | null = null;
  private worn: readonly string[] = [];
  private asked = "";

  constructor(
    private readonly page: PageData,
    private readonly preview: DuologueWidget,
  ) {
    this.keys = new Keys(page, () => this.draw());
    this.form.addEventListener("input", () => this.draw());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    need("accent-none", HTMLButtonElement).addEventListener("click", () => {
      this.accent = "";
      this.draw();
    });
    need("accent", HTMLInputElement).addEventListener("input", () => {
      this.accent = need("accent", HTMLInputElement).value;
    });
  }

  /** The accent is none until one is picked, which a colour field cannot say. */
  private accent = "";

  /** Another agent than before: its owner may have chosen otherwise. */
  async meet(slug: string): Promise<void> {
    this.asked = slug;
    const key = this.page.publicKey;
    const headers = key === null ? {} : { "x-api-key": key };
    const answer = await fetch(`/api/widget/agent?agent=${encodeURIComponent(slug)}`, { headers }).catch(() => null);
    if (answer?.ok !== true) return;
    const face = (await answer.json()) as WidgetFace;
    if (this.asked !== slug) return; // whoever was chosen since is met instead
    this.face = face;
    this.fill(chosen(this.face));
    this.keys.meet(slug);
    this.preview.setAttribute("agent", slug);
    this.draw();
  }

  private draw(): void {
    const { face } = this;
    if (face === null) return;
    const wish = this.wish();
    const keeper = this.choice("keeper") as Keeper;
    write(this.tag, tag(wish, face, keeper, this.page.url, this.keys.key));
    const lines = keeper === "toml" ? toml(wish, face) : "";
    this.toml.hidden = lines === "";
    write(this.tomlCode, lines);
    for (const field of this.form.querySelectorAll<HTMLElement>("[data-field]")) {
      field.toggleAttribute("data-owned", keeper === "tag" && !open(field.dataset["field"] as keyof Wish, face));
    }
    this.form.toggleAttribute("data-accent", wish.accent !== "");
    this.stage.dataset["place"] = wish.place;
    this.dress(shown(wish, face));
  }

  /** Gives the preview these attributes, and takes the ones before away. */
  private dress(attributes: Attributes): void {
    for (const name of this.worn) if (!(name in attributes)) this.preview.removeAttribute(name);
    for (const [name, value] of Object.entries(attributes)) this.preview.setAttribute(name, value);
    this.worn = Object.keys(attributes);
  }

  private wish(): Wish {
    return {
      place: this.choice("place") as Wish["place"],
      mode: this.choice("mode") as Wish["mode"],
      size: this.choice("size") as Wish["size"],
      theme: this.choice("theme") as Wish["theme"],
      title: this.text("title"),
      startText: this.text("startText"),
      accent: this.accent,
      bubble: this.ticked("bubble"),
      feedback: this.ticked("feedback"),
      recordNotice: this.ticked("recordNotice"),
    };
  }

  private fill(wish: Wish): void {
    for (const name of ["title", "startText"] as const) this.field(name).value = wish[name];
    for (const name of ["bubble", "feedback", "recordNotice"] as const) this.field(name).checked = wish[name];
    for (const name of ["place", "mode", "size", "theme"] as const) {
      for (const radio of this.form.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
        radio.checked = radio.value === wish[name];
      }
    }
    this.accent = wish.accent;
    if (wish.accent !== "") need("accent", HTMLInputElement).value = wish.accent;
  }

  private field(name: string): HTMLInputElement {
    const found = this.form.querySelector<HTMLInputElement>(`input[name="${name}"]`);
    if (found === null) throw new Error(`the panel has no field ${name}`);
    return found;
  }

  private text(name: string): string {
    return this.field(name).value.trim();
  }

  private ticked(name: string): boolean {
    return this.field(name).checked;
  }

  private choice(name: string): string {
    return this.form.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value ?? "";
  }
}
