/** What was said. Settled words stand in the log, and are read out while no voice says them; the rest is still moving. */
import { button, make, set, write } from "./dom.js";
import type { TranscriptEntry } from "./seam.js";
import { locale, type Translate } from "./texts/index.js";

/** Pixels from the end within which the reader follows the conversation. */
const NEAR = 64;
/** How many written words stay where a screen reader may still be about to read them. */
const TOLD = 3;

export class Transcript {
  readonly log = make("div", "log", { role: "log", "aria-live": "polite", "aria-relevant": "additions" });
  readonly pending = make("div", "pending", { "aria-hidden": "true" });
  /** What the agent writes while its voice is on, for whoever does not see: no voice says it, nor does the log. */
  readonly aside = make("div", "aside", { role: "status", "aria-atomic": "false", "data-unseen": true });
  /** No landmark: several widgets of a page may have one each, all of the same name. */
  readonly scroll = make("div", "scroll", { tabindex: "0", role: "group" }, this.log, this.pending);
  readonly newest = button("newest", () => this.follow());
  private readonly shown = new Map<string, HTMLElement>();
  private sounds = false;
  private readonly size = new ResizeObserver(() => {
    if (this.follows) this.follow();
  });
  private follows = true;
  private language: string | undefined;
  /** Made with the first line: it takes a browser longer than all of the rest. */
  private clock: Intl.DateTimeFormat | null = null;

  constructor() {
    this.newest.hidden = true;
    this.scroll.addEventListener("scroll", () => {
      this.follows = this.isNear();
      this.newest.hidden = this.follows;
    });
  }

  begin(): void {
    this.size.observe(this.scroll);
  }

  end(): void {
    this.size.disconnect();
  }

  speak(language: string, t: Translate): void {
    const own = navigator.languages.find((one) => one.startsWith(language.slice(0, 2)));
    this.language = own ?? locale(language);
    this.clock = null;
    set(this.scroll, "aria-label", t("transcript"));
    set(this.log, "aria-label", t("transcript"));
    write(this.newest, t("newest"));
  }

  /** What the agent's own voice says is not read out as well. */
  heard(sounds: boolean): void {
    this.sounds = sounds;
    set(this.log, "aria-live", sounds ? "off" : "polite");
  }

  draw(entries: readonly TranscriptEntry[], agent: string, t: Translate): void {
    const settled = prefix(entries);
    this.keep(entries);
    entries.forEach((entry, place) => {
      const item = this.shown.get(entry.id) ?? this.add(entry.id);
      this.fill(item, entry, entry.role === "user" ? t("you") : agent, t);
      if (entry.written && entry.final && item.dataset["written"] === undefined) this.tell(item, `${agent}: ${entry.text}`);
      const list = place < settled ? this.log : this.pending;
      const index = place < settled ? place : place - settled;
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    if (entries.length === 0) return;
    if (this.follows) this.follow();
    else this.newest.hidden = false;
  }

  /** Takes away what is gone. What was typed gets another id once the server has it: the line stays. */
  private keep(entries: readonly TranscriptEntry[]): void {
    const known = new Set(entries.map((entry) => entry.id));
    const gone = new Map([...this.shown].filter(([id]) => !known.has(id)));
    for (const { id, role, text } of entries) {
      if (this.shown.has(id)) continue;
      const same = ([, item]: [string, HTMLElement]): boolean =>
        item.dataset["role"] === role && item.querySelector(".words")?.textContent === text;
      const found = [...gone].find(same);
      if (found === undefined) continue;
      gone.delete(found[0]);
      this.shown.delete(found[0]);
      this.shown.set(id, found[1]);
    }
    for (const [id, item] of gone) {
      item.remove();
      this.shown.delete(id);
    }
  }

  /** Once for each, and not what the log reads out itself. */
  private tell(item: HTMLElement, words: string): void {
    item.dataset["written"] = "";
    if (!this.sounds) return;
    this.aside.append(make("p", "", { dir: "auto" }, words));
    if (this.aside.children.length > TOLD) this.aside.firstElementChild?.remove();
  }

  private add(id: string): HTMLElement {
    const who = make("p", "who", {}, make("span"), make("time"), make("span", "mark"));
    const item = make("div", "said", {}, who, make("p", "words", { dir: "auto" }));
    this.shown.set(id, item);
    return item;
  }

  private fill(item: HTMLElement, entry: TranscriptEntry, name: string, t: Translate): void {
    item.dataset["role"] = entry.role;
    item.toggleAttribute("data-moving", !entry.final);
    item.toggleAttribute("data-interrupted", entry.interrupted);
    const [who, words] = item.children;
    const [speaker, time, mark] = who?.children ?? [];
    if (speaker !== undefined) write(speaker, name);
    if (mark !== undefined) write(mark, entry.interrupted ? t("cut") : "");
    // A page's own entries may have no time.
    if (time instanceof HTMLTimeElement && time.dateTime === "" && Number.isFinite(entry.timestamp)) {
      const at = new Date(entry.timestamp);
      time.dateTime = at.toISOString();
      this.clock ??= new Intl.DateTimeFormat(this.language, { hour: "2-digit", minute: "2-digit" });
      time.textContent = this.clock.format(at);
    }
    const text = entry.text === "" && !entry.final ? "…" : entry.text;
    if (words !== undefined) write(words, entry.interrupted ? cutOff(text) : text);
  }

  private isNear(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  private follow(): void {
    this.follows = true;
    this.newest.hidden = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }
}

/** How many entries, from the first, will not change any more. */
export function prefix(entries: readonly TranscriptEntry[]): number {
  // What was followed by something of the same speaker is settled, whatever became of its end.
  const settled = (entry: TranscriptEntry, place: number): boolean =>
    entry.final || entries.slice(place + 1).some((later) => later.role === entry.role);
  const moving = entries.findIndex((entry, place) => !settled(entry, place));
  return moving < 0 ? entries.length : moving;
}

/** An interrupted line ends as it does in a play. */
export function cutOff(text: string): string {
  return `${text.replace(/[\s.,;:…—-]+$/, "")}\u00a0—`;
}
