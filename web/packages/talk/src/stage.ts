/** The scene's words: who answers, what is going on, what can be mended. */
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

  constructor(mended: () => void) {
    this.mendAct.addEventListener("click", mended);
  }

  draw(model: Model, scene: Scene): void {
    const { line, agent } = model;
    const together = line === "connected" || line === "reconnecting" || model.spoken;
    this.talk.dataset["layout"] = together && line !== "idle" ? "both" : "alone";
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
}
