/** The scene's words: who answers, what is going on, what can be mended. */
import { button, make, set, write } from "./dom.js";
import type { Model } from "./model.js";
import { Portrait } from "./portrait.js";
import type { Scene } from "./scene.js";
import type { TranscriptEntry } from "./seam.js";
import type { Translate } from "./texts/index.js";

export class Stage {
  readonly canvas = make("canvas", "voices-canvas", { "aria-hidden": "true" });
  readonly portrait: Portrait;
  readonly voices: HTMLElement;
  readonly element: HTMLElement;
  readonly mend: HTMLElement;
  private readonly name = make("p", "name");
  private readonly state = make("p", "state");
  /** What whoever does not see is told without asking; turns come and go without a word. */
  private readonly news = make("p", "news", { role: "status", "data-unseen": true });
  private readonly detail = make("p", "detail");
  private readonly greeting = make("p", "greeting", { dir: "auto" });
  private readonly caption = make("p", "caption", { dir: "auto", "aria-hidden": "true" });
  private readonly mendTitle = make("strong");
  private readonly mendText = make("p");
  private readonly mendAct: HTMLButtonElement;

  constructor(actions: HTMLElement, mended: () => void, changed: () => void) {
    this.portrait = new Portrait(changed);
    this.voices = make("div", "voices", {}, this.portrait.element, this.canvas);
    this.mendAct = button("plain", mended);
    this.mend = make("div", "mend", { role: "alert" }, this.mendTitle, this.mendText, this.mendAct);
    const words = [this.name, this.state, this.news, this.detail, this.greeting, this.caption];
    this.element = make("div", "stage", {}, this.voices, ...words, actions);
  }

  draw(model: Model, scene: Scene, last: TranscriptEntry | undefined, t: Translate): void {
    const { settings, line } = model;
    write(this.name, settings.name);
    write(this.state, scene.state);
    write(this.news, scene.news);
    write(this.detail, scene.detail);
    write(this.greeting, settings.greeting);
    this.greeting.hidden = !scene.begin || line.resumable || settings.greeting === "";
    // The greeting says that somebody is ready; whoever does not see finds both.
    this.state.toggleAttribute("data-unseen", !this.greeting.hidden);
    const said = settings.captions && line.state === "connected" ? (last?.text ?? "") : "";
    write(this.caption, said);
    set(this.caption, "data-role", last?.role ?? "");
    this.caption.hidden = said === "";
    this.mend.hidden = scene.mend === null;
    write(this.mendTitle, scene.mend?.title ?? "");
    write(this.mendText, scene.mend?.text ?? "");
    write(this.mendAct, t("again"));
    this.mendAct.hidden = !scene.mend?.act;
  }
}
