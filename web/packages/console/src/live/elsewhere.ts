/** The runs of other programs that go on: looked at where they are told of, and nothing else. */
import { make } from "../conversation/make.js";
import { clip, type Elsewhere, type Others } from "./words.js";

const LONG = 60;

export class ElsewhereList {
  private readonly body: HTMLElement | null;

  constructor(private readonly root: HTMLElement | null) {
    this.body = root?.querySelector("tbody") ?? null;
  }

  /** Whether nothing goes on there. */
  get empty(): boolean {
    return this.body === null || this.body.childElementCount === 0;
  }

  /** Shows what goes on by now; a row that is there stays, and with it the focus. */
  show(others: Others): void {
    if (this.root === null || this.body === null) return;
    const before = new Map<string | undefined, HTMLElement>();
    for (const row of this.body.querySelectorAll<HTMLElement>("tr")) before.set(row.dataset["run"], row);
    const here = new Set(others.runs.map((run) => run.id));
    for (const [id, row] of before) if (id === undefined || !here.has(id)) row.remove();
    for (const [place, run] of others.runs.entries()) {
      const row = before.get(run.id) ?? this.made(run);
      const turns = row.querySelector("[data-name=turns]");
      if (turns !== null) turns.textContent = String(run.turns);
      if (this.body.children[place] !== row) this.body.insertBefore(row, this.body.children[place] ?? null);
    }
    this.root.hidden = this.empty;
    const more = this.root.querySelector<HTMLElement>("[data-more]");
    if (more !== null) more.hidden = !others.more;
  }

  private made(run: Elsewhere): HTMLElement {
    const page = this.body?.ownerDocument ?? document;
    const name = clip(run.agent, LONG) || "an agent without a name";
    const link = make(page, "a", { href: `/console/traces/${run.id}` }, name);
    const words = make(page, "td", { class: "words" }, link, make(page, "span", { class: "agent" }, `told by ${run.source}`));
    const turns = make(page, "td", { class: "number", "data-name": "turns" });
    const since = make(page, "time", { "data-since": String(run.started_at) });
    const time = make(page, "td", { class: "number", "data-name": "since" }, since);
    return make(page, "tr", { "data-run": run.id }, words, turns, time);
  }
}
