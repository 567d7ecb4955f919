/** What was said. Settled words stand in the log and are read out; the rest is still moving. */
import type { TranscriptEntry } from "@duologue/client";
import { make, need, write } from "./page.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
/** Pixels from the end within which the reader follows the conversation. */
const NEAR = 64;

export class Transcript {
  private readonly scroll = need("scroll", HTMLElement);
  private readonly log = need("log", HTMLElement);
  private readonly pending = need("pending", HTMLElement);
  private readonly newest = need("newest", HTMLButtonElement);
  private readonly shown = new Map<string, HTMLElement>();
  private follows = true;

  constructor() {
    this.scroll.addEventListener("scroll", () => {
      this.follows = this.isNear();
      this.newest.hidden = this.follows;
    });
    this.newest.addEventListener("click", () => this.follow());
    new ResizeObserver(() => {
      if (this.follows) this.follow();
    }).observe(this.scroll);
  }

  draw(entries: readonly TranscriptEntry[], agent: string): void {
    const settled = prefix(entries);
    const known = new Set(entries.map((entry) => entry.id));
    for (const [id, item] of this.shown) {
      if (known.has(id)) continue;
      item.remove();
      this.shown.delete(id);
    }
    entries.forEach((entry, place) => {
      const item = this.shown.get(entry.id) ?? this.add(entry.id);
      fill(item, entry, entry.role === "user" ? "You" : agent);
      const list = place < settled ? this.log : this.pending;
      const index = place < settled ? place : place - settled;
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    if (this.follows) this.follow();
    else this.newest.hidden = false;
  }

  private add(id: string): HTMLElement {
    const item = make("div", "said");
    const who = make("p", "who");
    who.append(make("span", ""), make("time", ""));
    item.append(who, make("p", "words"));
    this.shown.set(id, item);
    return item;
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

function fill(item: HTMLElement, entry: TranscriptEntry, name: string): void {
  item.dataset["role"] = entry.role;
  item.toggleAttribute("data-moving", !entry.final);
  item.toggleAttribute("data-interrupted", entry.interrupted);
  const [who, words] = item.children;
  const [speaker, time] = who?.children ?? [];
  if (speaker !== undefined) write(speaker, name);
  if (time instanceof HTMLTimeElement && time.dateTime === "") {
    const at = new Date(entry.timestamp);
    time.dateTime = at.toISOString();
    time.textContent = clock.format(at);
  }
  const text = entry.text === "" && !entry.final ? "…" : entry.text;
  if (words !== undefined) write(words, entry.interrupted ? cut(text) : text);
}

/** An interrupted line ends as it does in a play. */
function cut(text: string): string {
  return `${text.replace(/[\s.,;:…—-]+$/, "")}\u00a0—`;
}
