/** What is asked at the end: how it was, and in words if one likes. */
import { button, make, set, write } from "./dom.js";
import { icon } from "./icons.js";
import type { Translate } from "./texts/index.js";

export interface Verdict {
  readonly rating: "up" | "down";
  readonly text: string;
}

type Step = "none" | "ask" | "words" | "thanks";

export class Feedback {
  readonly element: HTMLElement;
  private readonly ask = make("p", "title");
  private readonly thumbs: Readonly<Record<Verdict["rating"], HTMLButtonElement>>;
  private readonly words = make("textarea", "why", { rows: "2", dir: "auto", maxlength: "2000" });
  private readonly send: HTMLButtonElement;
  private readonly form: HTMLElement;
  private step: Step = "none";
  private rating: Verdict["rating"] = "up";
  private wordy = false;

  constructor(
    private readonly given: (verdict: Verdict) => void,
    private readonly moved: () => void,
  ) {
    const thumb = (rating: Verdict["rating"], sign: "good" | "bad"): HTMLButtonElement =>
      button("thumb", () => this.rate(rating), icon(sign));
    this.thumbs = { up: thumb("up", "good"), down: thumb("down", "bad") };
    this.send = button("quiet", () => this.finish());
    this.form = make("div", "reasons", {}, this.words, this.send);
    const choice = make("div", "thumbs", {}, this.thumbs.up, this.thumbs.down);
    this.element = make("div", "feedback", { role: "group", "aria-live": "polite" }, this.ask, choice, this.form);
  }

  /** Asks once a conversation is over; a new conversation is asked about anew. */
  pose(asks: "off" | "thumbs" | "text", over: boolean): void {
    this.wordy = asks === "text";
    if (!over || asks === "off") this.step = "none";
    else if (this.step === "none") this.step = "ask";
  }

  draw(t: Translate): void {
    this.element.hidden = this.step === "none";
    write(this.ask, t(this.step === "thanks" ? "thanks" : "ask"));
    for (const [rating, each] of Object.entries(this.thumbs)) {
      each.hidden = this.step === "thanks";
      set(each, "aria-label", t(rating === "up" ? "good" : "bad"));
      set(each, "aria-pressed", String(this.step === "words" && this.rating === rating));
    }
    this.form.hidden = this.step !== "words";
    set(this.words, "placeholder", t("why"));
    set(this.words, "aria-label", t("why"));
    write(this.send, t("send"));
  }

  private rate(rating: Verdict["rating"]): void {
    this.rating = rating;
    this.step = this.wordy ? "words" : "thanks";
    // At once, for nobody has to write anything; what they write comes after it.
    this.given({ rating, text: "" });
    this.moved();
    if (this.step === "words") this.words.focus({ preventScroll: true });
  }

  private finish(): void {
    this.step = "thanks";
    const text = this.words.value.trim();
    this.words.value = "";
    if (text !== "") this.given({ rating: this.rating, text });
    this.moved();
  }
}
