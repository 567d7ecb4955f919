/** The transcript: each turn and line leads to its moment, and the turn that is heard is marked. */
import type { Player } from "./player";
import { latest } from "./scale";

const CHOSEN = "a, button, summary, input, select, [tabindex]";

export class Moments {
  readonly #turns: readonly HTMLElement[];
  readonly #beginnings: readonly number[];
  #heard: HTMLElement | null = null;

  constructor(
    list: HTMLElement,
    readonly player: Player,
    /** When the piece of the conversation ends that this page shows. */
    readonly until: number,
    readonly touched: () => void,
  ) {
    this.#turns = [...list.querySelectorAll<HTMLElement>("li.turn[data-at]")];
    this.#beginnings = this.#turns.map((turn) => Number(turn.dataset["at"]));
    list.addEventListener("click", (event) => this.#click(event));
  }

  /** Marks the turn that is heard; none where that is on another page. */
  mark(): void {
    const at = this.player.at;
    const heard = (at <= this.until && this.#turns[latest(this.#beginnings, at)]) || null;
    if (heard === this.#heard) return;
    this.#heard?.removeAttribute("aria-current");
    heard?.setAttribute("aria-current", "true");
    this.#heard = heard;
  }

  #click(event: MouseEvent): void {
    if (!(event.target instanceof Element) || event.button !== 0) return;
    const item = event.target.closest<HTMLElement>("li[data-at]");
    if (item === null) return;
    const time = event.target.closest("a.at");
    if (time === null) {
      const marking = item.ownerDocument.getSelection()?.isCollapsed === false;
      if (marking || event.target.closest(CHOSEN) !== null) return;
    } else if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    this.player.seek(Number(item.dataset["at"]));
    this.mark();
    if (time === null) this.touched();
  }
}
