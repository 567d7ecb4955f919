/** All that can be seen of a widget, put together; what happens in the call is drawn by each region. */
import type { Call } from "./call.js";
import { Composer } from "./composer.js";
import { ConsentView } from "./consent.js";
import { Controls } from "./controls.js";
import { button, focused, make, set, write } from "./dom.js";
import { Feedback, type Verdict } from "./feedback.js";
import { Foot } from "./foot.js";
import { Glide } from "./glide.js";
import { icon } from "./icons.js";
import { Launcher } from "./launcher.js";
import { Notices } from "./notices.js";
import { audible, type Scene, scene } from "./scene.js";
import type { TranscriptEntry } from "./seam.js";
import { Stage } from "./stage.js";
import { finished } from "./tidings.js";
import type { Translate } from "./texts/index.js";
import { Transcript } from "./transcript.js";
import { Voices } from "./voices.js";

export interface ViewHooks {
  open(): void;
  close(): void;
  verdict(verdict: Verdict): void;
}

export class View {
  readonly root: HTMLElement;
  readonly panel: HTMLElement;
  readonly launcher: Launcher;
  readonly foot: Foot;
  readonly notices = new Notices();
  private readonly stage: Stage;
  private readonly controls: Controls;
  private readonly composer: Composer;
  private readonly transcript = new Transcript();
  private readonly consent: ConsentView;
  private readonly feedback: Feedback;
  private readonly heading = make("p", "heading", { id: "heading" });
  private readonly shut: HTMLButtonElement;
  private readonly voices: readonly [stage: Voices, launcher: Voices];
  private readonly glide: Glide;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private heard = 0;
  private talked = false;
  private drawn: [open: boolean, modal: boolean] = [false, false];

  constructor(
    private readonly call: Call,
    hooks: ViewHooks,
  ) {
    this.controls = new Controls(call);
    this.stage = new Stage(this.controls.actions, () => call.speak(), () => this.draw(...this.drawn));
    this.composer = new Composer(call);
    this.consent = new ConsentView(call);
    this.feedback = new Feedback((verdict) => hooks.verdict(verdict), () => this.feedback.draw(this.t));
    this.foot = new Foot(call);
    this.launcher = new Launcher(call.remember, hooks);
    this.shut = button("shut", () => hooks.close(), icon("close"));
    const bar = make("div", "bar", {}, this.heading, this.shut);
    const side = make("div", "side", {}, this.transcript.scroll, this.transcript.newest);
    const dock = make("div", "dock", {}, this.composer.form, this.controls.rounds);
    const { element, mend } = this.stage;
    const { aside } = this.transcript;
    const inside = [bar, this.notices.element, element, mend, side, aside, this.composer.begin, this.feedback.element];
    const look = { "aria-labelledby": "heading", tabindex: "-1" };
    this.panel = make("section", "panel", look, ...inside, dock, this.foot.element, this.consent.element);
    // An empty title here keeps the tag's own from being shown as a hint over all of it.
    this.root = make("div", "root", { title: "" }, this.launcher.bubble, this.launcher.button, this.panel);
    this.glide = new Glide(this.stage.voices, side);
    const source = (): Call["source"] => this.call.source;
    this.voices = [
      new Voices(this.stage.canvas, "stage", source),
      new Voices(this.launcher.canvas, "launcher", source),
    ];
  }

  private t: Translate = (key) => key;

  /** Draws while it is in a page. */
  begin(): void {
    for (const one of this.voices) one.begin();
    this.transcript.begin();
    this.stage.portrait.begin(this.stage.canvas);
  }

  /** Draws nothing any more. */
  end(): void {
    for (const one of this.voices) one.end();
    this.transcript.end();
    this.stage.portrait.end();
    this.launcher.end();
    clearInterval(this.ticking);
    this.ticking = undefined;
  }

  /** The theme has other colours. */
  repaint(): void {
    for (const one of this.voices) one.repaint();
  }

  speak(language: string, t: Translate): void {
    this.t = t;
    this.transcript.speak(language, t);
    this.said();
  }

  said(): void {
    this.transcript.draw(this.call.entries, this.call.model.settings.name, this.t);
  }

  draw(open: boolean, modal: boolean): void {
    this.drawn = [open, modal];
    const { call, t } = this;
    const { model } = call;
    const { settings, line } = model;
    const now = scene(model, t, performance.now());
    const mark = (): void => this.mark(now, open, modal);
    const { layout } = this.root.dataset; // none before the first picture
    if (layout === undefined || layout === now.layout) mark();
    else this.glide.over(mark);
    write(this.heading, settings.name);
    set(this.shut, "aria-label", t("close"));
    this.shut.hidden = settings.embedded || !settings.dismissible;
    const given = call.controlled ?? call.session?.snapshot;
    this.stage.portrait.show(settings.avatar, given?.videoElement ?? null);
    this.transcript.heard(audible(model, given?.audioElement ?? null));
    set(this.root, "data-looks", this.stage.portrait.looks);
    this.voices[0].portrait = this.stage.portrait.looks === "round";
    this.stage.draw(model, now, call.entries.at(-1), t);
    this.controls.draw(model, now, t);
    const users = call.entries.filter((entry) => entry.role === "user").length;
    this.composer.draw(model, now, users, t);
    this.foot.draw(model, t);
    const answered = !model.asks && this.consent.element.contains(focused(this.panel));
    this.consent.draw(model.asks ? call.terms : null, t);
    if (answered) this.focus(); // else it would be lost with the button that was pressed
    this.talked = line.state === "connected" || (this.talked && line.state !== "connecting");
    const over = line.state === "disconnected" || line.state === "failed";
    this.feedback.pose(settings.feedback, this.talked && over && users + finished(call.entries) > 0);
    this.feedback.draw(t);
    this.launcher.draw(model, now, open, this.unread(open, call.entries), t);
    const shown = open || settings.embedded;
    this.voices[0].show(now.mood, shown);
    this.voices[1].show(now.mood, !shown);
    this.tick(line.state === "reconnecting" || model.trouble?.retryAt != null);
  }

  /** Where the focus belongs in a panel that has just been opened. */
  focus(): void {
    const { box, form } = this.composer;
    (this.controls.first() ?? (form.hidden ? this.panel : box)).focus({ preventScroll: true });
  }

  private mark(now: Scene, open: boolean, modal: boolean): void {
    const { settings, asks } = this.call.model;
    const shown = open || settings.embedded;
    const marks = {
      mood: now.mood,
      layout: now.layout,
      mode: settings.mode,
      shape: settings.embedded ? "embedded" : settings.position === "inline" ? "inline" : "corner",
      position: settings.position,
      size: settings.size,
      open: String(shown),
    };
    for (const [name, value] of Object.entries(marks)) set(this.root, `data-${name}`, value);
    set(this.panel, "role", settings.embedded ? "region" : "dialog");
    if (modal) set(this.panel, "aria-modal", "true");
    else this.panel.removeAttribute("aria-modal");
    this.panel.inert = !shown;
    // What the terms stand before is not to be reached behind them.
    for (const part of this.panel.children) part.toggleAttribute("inert", asks && part !== this.consent.element);
    this.launcher.button.inert = shown;
  }

  private unread(open: boolean, entries: readonly TranscriptEntry[]): number {
    const count = finished(entries);
    if (open || count < this.heard) this.heard = count;
    return count - this.heard;
  }

  /** Seconds are counted only while some are shown. */
  private tick(counts: boolean): void {
    clearInterval(this.ticking);
    this.ticking = counts ? setInterval(() => this.draw(...this.drawn), 1000) : undefined;
  }
}
