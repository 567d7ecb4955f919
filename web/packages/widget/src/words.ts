/** The words of the widget's own language: English is at hand, the others come when they are wanted. */
import { en } from "./texts/en.js";
import { shipped, type Texts } from "./texts/index.js";

/** Milliseconds for which nothing is shown rather than the wrong language. */
const PATIENCE = 3000;

export interface WordsHooks {
  /** Brings the words of a language. */
  bring(language: string): Promise<Texts>;
  /** Other words are there, or one need not wait for them any more. */
  came(): void;
  missing(language: string, error: unknown): void;
}

export class Words {
  texts: Texts = en;
  /** Nothing was shown yet, and would be in the wrong language. */
  awaited = false;
  private language = "en";
  /** The language that is wanted, and from where. */
  private wanted = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly hooks: WordsHooks) {}

  /**
   * Asks for the words of a language, which are to be had beside this address; of one that is not the
   * widget's, the page brings the words. What could not be had is asked for again at another address.
   */
  want(language: string, from = ""): void {
    const name = shipped(language) ?? "en";
    const wanted = name + from;
    if (wanted === this.wanted) return;
    const first = this.wanted === "";
    this.wanted = wanted;
    if (name === "en") return this.take(name, en);
    if (name === this.language) return this.end();
    if (first) {
      this.awaited = true;
      this.timer = setTimeout(() => this.show(), PATIENCE);
    }
    this.hooks.bring(name).then(
      (texts) => wanted === this.wanted && this.came(name, texts),
      (error: unknown) => {
        if (wanted !== this.wanted) return;
        this.hooks.missing(name, error);
        this.came("en", en);
      },
    );
  }

  /** The language that is shown where this one is meant. */
  of(language: string): string {
    return (shipped(language) ?? this.language) === this.language ? language : this.language;
  }

  /** Waits for nothing any more. Idempotent. */
  end(): void {
    clearTimeout(this.timer);
    this.awaited = false;
  }

  private came(language: string, texts: Texts): void {
    this.take(language, texts);
    this.show();
  }

  private take(language: string, texts: Texts): void {
    this.end();
    this.language = language;
    this.texts = texts;
  }

  private show(): void {
    this.end();
    this.hooks.came();
  }
}
