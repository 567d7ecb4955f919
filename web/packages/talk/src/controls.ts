/** The buttons: which are there, what they say, and whom they call. */
import type { Call } from "./call.js";
import type { Model } from "./model.js";
import { need, write } from "./page.js";
import type { Button, Scene } from "./scene.js";

export class Controls {
  private readonly all: Readonly<Record<Button, HTMLButtonElement>> = {
    talk: need("talk-button", HTMLButtonElement),
    resume: need("resume", HTMLButtonElement),
    anew: need("anew", HTMLButtonElement),
    type: need("type-button", HTMLButtonElement),
    hear: need("hear", HTMLButtonElement),
    hold: need("hold", HTMLButtonElement),
    listen: need("listen", HTMLButtonElement),
    mute: need("mute", HTMLButtonElement),
    interrupt: need("interrupt", HTMLButtonElement),
    end: need("end", HTMLButtonElement),
  };
  private last: Button | null = null;

  constructor(call: Call) {
    const does: Readonly<Record<Exclude<Button, "hold">, () => void>> = {
      talk: () => call.talk(),
      resume: () => call.resume(),
      anew: () => call.anew(),
      type: () => call.type(),
      hear: () => call.hear(),
      listen: () => call.listenNow(),
      mute: () => call.toggleMute(),
      interrupt: () => call.interrupt(),
      end: () => call.end(),
    };
    for (const [name, work] of Object.entries(does) as [Button, () => void][]) {
      this.all[name].addEventListener("click", work);
    }
    holding(this.all.hold, call);
  }

  draw(model: Model, scene: Scene): void {
    const focused = document.activeElement; // a button that is hidden may lose it at once
    for (const [name, button] of Object.entries(this.all) as [Button, HTMLButtonElement][]) {
      button.hidden = !scene.buttons.includes(name);
    }
    label(this.all.talk, scene.talkLabel);
    label(this.all.resume, scene.resumeLabel);
    label(this.all.mute, model.microphone === "muted" ? "Unmute" : "Mute");
    label(this.all.hold, model.holding ? "Let go to send" : "Hold to talk");
    label(this.all.end, model.line === "connecting" ? "Cancel" : "End");
    this.all.mute.setAttribute("aria-pressed", String(model.microphone === "muted"));
    this.all.hold.toggleAttribute("data-down", model.holding);
    // Not `disabled`, which would drop the focus of whoever just pressed it by a key.
    this.all.interrupt.setAttribute("aria-disabled", String(!scene.interruptible));
    this.keepFocus(focused, scene);
  }

  /** A button that goes while it has the focus hands it to the one that matters now. */
  private keepFocus(focused: Element | null, scene: Scene): void {
    const names = Object.keys(this.all) as Button[];
    this.last = names.find((name) => this.all[name] === focused) ?? this.last;
    if (this.last === null || !this.all[this.last].hidden) return;
    const holder = document.activeElement;
    if (holder !== document.body && holder !== this.all[this.last]) return; // whoever types, types on
    // Never to the button that ends: whoever presses twice would hang up before it began.
    const next = scene.buttons.find((name) => name !== "end" && (name !== "interrupt" || scene.interruptible));
    if (next === undefined) return;
    this.all[next].focus({ preventScroll: true });
    this.last = next;
  }
}

function label(button: HTMLButtonElement, text: string): void {
  const place = button.querySelector("span");
  if (place !== null) write(place, text);
}

/** Speaks while the button is down, by finger, mouse or key, and whatever becomes of it. */
function holding(button: HTMLButtonElement, call: Call): void {
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    call.hold();
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
    button.addEventListener(name, () => call.release());
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}
