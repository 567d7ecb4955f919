/** The closed widget: two small circles that live on while a conversation goes on, and a bubble. */
import { button, make, set, write } from "./dom.js";
import { icon } from "./icons.js";
import { isOpen, type Model } from "./model.js";
import type { Remember } from "./remember.js";
import { launching, type Scene } from "./scene.js";
import type { Translate } from "./texts/index.js";

/** Milliseconds before the bubble comes: first the page itself is looked at. */
const PAUSE = 1600;

export class Launcher {
  readonly canvas = make("canvas", "mini", { "aria-hidden": "true" });
  readonly button: HTMLButtonElement;
  readonly bubble: HTMLElement;
  private readonly label = make("span", "label");
  private readonly unread = make("span", "unread", { "aria-hidden": "true" });
  private readonly news = make("span", "", { "data-unseen": true });
  private readonly words: HTMLButtonElement;
  private readonly away: HTMLButtonElement;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private agent = "";

  constructor(
    private readonly remember: Remember,
    hooks: { open(): void },
  ) {
    this.unread.hidden = true;
    this.button = button("launcher", () => hooks.open(), this.canvas, this.label, this.unread, this.news);
    this.button.setAttribute("aria-haspopup", "dialog");
    this.words = button("words", () => hooks.open());
    this.away = button("away", () => this.hush(), icon("dismiss"));
    this.bubble = make("div", "bubble", { hidden: true }, this.words, this.away);
  }

  draw(model: Model, scene: Scene, open: boolean, unread: number, t: Translate): void {
    const { settings } = model;
    const label = launching(model, scene, t);
    write(this.label, label);
    write(this.news, unread === 0 ? "" : `, ${t("unread", { count: unread })}`);
    set(this.button, "aria-expanded", String(open));
    this.unread.hidden = unread === 0;
    write(this.unread, unread === 0 ? "" : unread > 9 ? "9+" : String(unread));
    write(this.words, settings.bubble ?? "");
    set(this.away, "aria-label", t("dismiss"));
    this.agent = settings.agent;
    const wanted = settings.bubble !== null && !settings.embedded && settings.size !== "compact";
    if (open || !wanted || isOpen(model.line) || this.remember.greeted(this.agent)) this.quiet();
    else this.timer ??= setTimeout(() => this.bubble.removeAttribute("hidden"), PAUSE);
  }

  /** The bubble goes, and does not come again in this tab. */
  hush(): void {
    this.remember.greet(this.agent);
    this.quiet();
  }

  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private quiet(): void {
    this.end();
    this.bubble.hidden = true;
  }
}
