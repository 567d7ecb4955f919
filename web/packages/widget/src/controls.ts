/** The buttons: which are there, what they say, and whom they call. */
import type { Call } from "./call.js";
import { button, focused, make, set, write } from "./dom.js";
import { icon } from "./icons.js";
import type { Model } from "./model.js";
import type { Button, Scene } from "./scene.js";
import type { Translate } from "./texts/index.js";

export class Controls {
  /** What comes next, large. */
  readonly actions: HTMLElement;
  /** What is always at hand in a call. */
  readonly rounds: HTMLElement;
  private readonly all: Readonly<Record<Button, HTMLButtonElement>>;
  private last: Button | null = null;

  constructor(call: Call) {
    const label = (): HTMLElement => make("span");
    const big = (sign: Parameters<typeof icon>[0], work: () => void): HTMLButtonElement =>
      button("big", work, icon(sign), label());
    const round = (name: string, sign: Parameters<typeof icon>[0], work: () => void): HTMLButtonElement =>
      button(`round ${name}`, work, icon(sign), label());
    this.all = {
      start: big("talk", () => call.start()),
      resume: big("talk", () => call.resume()),
      anew: button("quiet", () => call.anew(), label()),
      hear: big("hear", () => call.hear()),
      hold: big("talk", () => undefined),
      speak: round("speak", "talk", () => call.speak()),
      mute: round("mute", "mute", () => call.toggleMute()),
      interrupt: round("interrupt", "stop", () => call.interrupt()),
      end: round("end", "end", () => call.end()),
    };
    const { start, resume, anew, hear, hold, speak, mute, interrupt, end } = this.all;
    this.actions = make("div", "actions", {}, start, resume, anew, hear, hold);
    this.rounds = make("div", "rounds", { role: "group" }, speak, mute, interrupt, end);
    for (const [name, each] of this.each()) each.dataset["button"] = name;
    hold.classList.add("hold");
    holding(hold, call);
  }

  draw({ line, holding: held }: Model, scene: Scene, t: Translate): void {
    const had = focused(this.actions); // a button that is hidden may lose it at once
    for (const [name, each] of this.each()) each.hidden = !scene.buttons.includes(name);
    const muted = line.microphone === "muted";
    const words: Readonly<Record<Button, string>> = {
      start: scene.start,
      resume: scene.resume,
      anew: t("anew"),
      hear: t("hear"),
      hold: t(held ? "holding" : "hold"),
      speak: t("speak"),
      mute: t(muted ? "unmute" : "mute"),
      interrupt: t("interrupt"),
      end: t(line.state === "connecting" ? "cancel" : "end"),
    };
    for (const [name, each] of this.each()) {
      const place = each.querySelector("span");
      if (place !== null) write(place, words[name]);
    }
    set(this.rounds, "aria-label", t("call"));
    this.all.mute.toggleAttribute("data-on", muted);
    this.all.hold.toggleAttribute("data-down", held);
    // Not `disabled`, which would drop the focus of whoever just pressed it by a key.
    set(this.all.interrupt, "aria-disabled", String(!scene.interruptible));
    this.keepFocus(had, scene);
  }

  /** The button that matters now. */
  first(): HTMLButtonElement | null {
    return this.each().find(([name, each]) => !each.hidden && name !== "end" && name !== "interrupt")?.[1] ?? null;
  }

  private each(): [Button, HTMLButtonElement][] {
    return Object.entries(this.all) as [Button, HTMLButtonElement][];
  }

  /** A button that goes while it has the focus hands it to the one that matters now, or to the panel meanwhile. */
  private keepFocus(had: Element | null, scene: Scene): void {
    const panel = this.actions.closest<HTMLElement>(".panel");
    const nowhere = (one: Element | null): boolean => one === null || one === panel;
    this.last = this.each().find(([, each]) => each === had)?.[0] ?? (nowhere(had) ? this.last : null);
    if (this.last === null || this.all[this.last].getClientRects().length > 0) return;
    const holder = focused(this.actions);
    if (!nowhere(holder) && holder !== this.all[this.last]) return; // whoever types, types on
    // Never to the button that ends: whoever presses twice would hang up before it began. Nor to the
    // one that interrupts, which goes with what it interrupts.
    const next = scene.buttons.find((name) => name !== "end" && name !== "interrupt");
    if (next === undefined) return panel?.focus({ preventScroll: true });
    this.all[next].focus({ preventScroll: true });
    this.last = next;
  }
}

/** Speaks while the button is down, by finger, mouse or key, and whatever becomes of it. */
function holding(hold: HTMLButtonElement, call: Call): void {
  hold.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    hold.setPointerCapture(event.pointerId);
    call.hold();
  });
  hold.addEventListener("keydown", (event) => {
    if ((event.key !== " " && event.key !== "Enter") || event.repeat) return;
    event.preventDefault();
    call.hold();
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "keyup", "blur"] as const) {
    hold.addEventListener(name, () => call.release());
  }
  hold.addEventListener("contextmenu", (event) => event.preventDefault());
}
