/** The colours of a widget: the theme that holds now, and an accent that can be read in it. */
import { type Palette, palette, parseColour } from "./colour.js";
import { make, set } from "./dom.js";
import type { Settings } from "./settings.js";

const PLACES: Readonly<Record<string, keyof Palette>> = {
  "--agent": "shape",
  "--accent": "text",
  "--primary": "fill",
  "--on-primary": "onFill",
};

export class Looks {
  private readonly dark = globalThis.matchMedia("(prefers-color-scheme: dark)");
  private readonly probe = make("span", "probe", { hidden: true });
  private now = "";

  constructor(
    private readonly root: HTMLElement,
    private readonly changed: () => void,
  ) {
    root.append(this.probe);
  }

  begin(settings: () => Settings, signal: AbortSignal): void {
    const again = (): void => this.apply(settings());
    this.dark.addEventListener("change", again, { signal });
    globalThis.matchMedia("(forced-colors: active)").addEventListener("change", again, { signal });
  }

  apply({ theme, accent }: Settings): void {
    const shown = theme === "auto" ? (this.dark.matches ? "dark" : "light") : theme;
    const colour = accent === null ? null : parseColour(this.computed(accent));
    const now = `${shown} ${String(colour)}`;
    if (now === this.now) return;
    this.now = now;
    set(this.root, "data-theme", shown);
    const colours = colour && palette(colour, shown);
    for (const [name, place] of Object.entries(PLACES)) {
      if (colours === null) this.root.style.removeProperty(name);
      else this.root.style.setProperty(name, colours[place]);
    }
    this.changed();
  }

  /** The browser knows every kind of colour; mixed with itself, it is told in red, green and blue. */
  private computed(accent: string): string {
    this.probe.style.color = accent;
    this.probe.style.color = `color-mix(in srgb, ${accent}, ${accent})`;
    return getComputedStyle(this.probe).color;
  }
}
