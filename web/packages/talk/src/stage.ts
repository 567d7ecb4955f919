/** The scene's words: who answers, what is going on, what can be mended. */
import { Glide } from "./glide.js";
import type { Model } from "./model.js";
import { need, write } from "./page.js";
import type { Scene } from "./scene.js";

export class Stage {
  private readonly talk = need("talk", HTMLElement);
  private readonly name = need("name", HTMLElement);
  private readonly state = need("state", HTMLElement);
  private readonly detail = need("detail", HTMLElement);
  private readonly greeting = need("greeting", HTMLElement);
  private readonly mend = need("mend", HTMLElement);
  private readonly mendTitle = need("mend-title", HTMLElement);
  private readonly mendText = need("mend-text", HTMLElement);
  private readonly mendAct = need("mend-act", HTMLButtonElement);

  private readonly glide = new Glide();
  private layout: "alone" | "both" = "alone";

  constructor(mended: () => void) {
    this.mendAct.addEventListener("click", mended);
  }

  draw(model: Model, scene: Scene): void {
    const { agent } = model;
    this.arrange(model);
    this.talk.dataset["mood"] = scene.mood;
    write(this.name, agent.name);
    write(this.state, scene.state);
    write(this.detail, scene.detail);
    write(this.greeting, agent.greeting);
    this.greeting.hidden = !scene.begin || model.resumable || agent.greeting === "";
    this.mend.hidden = scene.mend === null;
    write(this.mendTitle, scene.mend?.title ?? "");
    write(this.mendText, scene.mend?.text ?? "");
    write(this.mendAct, scene.mend?.label ?? "");
    this.mendAct.hidden = scene.mend?.act == null;
    document.title = scene.begin ? `${agent.name} · duologue` : `${scene.state} · ${agent.name}`;
  }

  /** Beside what was said as soon as something may be said. */
  private arrange({ line, spoken }: Model): void {
    const open = line === "connected" || line === "reconnecting";
    const stays = line === "connecting" && this.layout === "both";
    const after = line !== "idle" && (open || spoken || stays) ? "both" : "alone";
    if (after === this.layout) return;
    this.layout = after;
    this.glide.over(() => {
      this.talk.dataset["layout"] = after;
    });
  }
}
