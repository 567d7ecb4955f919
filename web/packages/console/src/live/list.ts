/** The list of conversations that go on. */
import { ElsewhereList } from "./elsewhere.js";
import { Line, type LineState } from "./line.js";
import { type Brief, clip, doing, type List, type Others, type Row, span } from "./words.js";

const SAYS: Readonly<Record<LineState, string>> = {
  connecting: "Connecting",
  live: "Connected",
  reconnecting: "Reconnecting",
  over: "Over",
};
const WORDS = 110;
const SVG = "http://www.w3.org/2000/svg";

export class ListPage {
  private readonly rows = new Map<string, HTMLTableRowElement>();
  private readonly known = new Map<string, Row>();
  private readonly others: ElsewhereList;
  private readonly line: Line;
  private ahead: number;

  constructor(
    private readonly root: HTMLElement,
    reload: () => void = () => location.reload(),
  ) {
    this.ahead = Number(root.dataset["now"]) - Date.now();
    for (const row of root.querySelectorAll<HTMLTableRowElement>("tr[data-conversation]")) {
      this.rows.set(row.dataset["conversation"] ?? "", row);
    }
    this.others = new ElsewhereList(root.querySelector("[data-elsewhere]"));
    this.line = new Line(
      root.dataset["stream"] ?? "",
      {
        list: (list: List) => this.show(list),
        brief: (brief: Brief) => this.brief(brief),
        elsewhere: (others: Others) => this.elsewhere(others),
        left: reload,
      },
      (state) => this.moved(state),
    );
    this.moved("connecting");
    this.line.open();
    setInterval(() => this.tick(), 1000);
  }

  private show(list: List): void {
    this.ahead = list.now - Date.now();
    const body = this.root.querySelector("tbody");
    if (body === null) return;
    const here = new Set(list.rows.map((row) => row.conversation));
    for (const [name, row] of this.rows) {
      if (here.has(name)) continue;
      row.remove();
      this.rows.delete(name);
      this.known.delete(name);
    }
    // What stands where it stood is not touched: the focus stays, and so does who is reading.
    let behind: Element | null = null;
    for (const each of list.rows) {
      const row = this.rows.get(each.conversation) ?? this.made(each);
      const place: Element | null = behind === null ? body.firstElementChild : behind.nextElementSibling;
      if (place !== row) body.insertBefore(row, place);
      this.known.set(each.conversation, each);
      this.draw(row, each);
      behind = row;
    }
    this.hide(".scroll", list.rows.length === 0);
    this.hide("[data-more]", !list.more);
    this.elsewhere(list.elsewhere);
  }

  private elsewhere(others: Others): void {
    this.others.show(others);
    this.hide(".empty", this.rows.size > 0 || !this.others.empty);
    this.tick();
  }

  private brief(brief: Brief): void {
    const row = this.rows.get(brief.conversation);
    const before = this.known.get(brief.conversation);
    if (row === undefined || before === undefined) return;
    const holder = brief.taken ? before.holder || "a person" : "";
    const said = brief.text === "" ? {} : { text: brief.text, side: brief.side };
    const now: Row = { ...before, ...said, holder, state: brief.state };
    this.known.set(brief.conversation, now);
    this.draw(row, now);
    for (const side of ["user", "agent"] as const) {
      row.querySelector(`.meters .${side}`)?.setAttribute("width", `${Math.round(brief[side] * 100)}%`);
    }
  }

  private draw(row: HTMLTableRowElement, each: Row): void {
    const link = row.querySelector("a");
    const quiet = each.hidden ? "words are not shown" : each.text === "" ? "nothing was said yet" : "";
    const text = quiet || clip(each.text, WORDS);
    // What stands there already stays: a press on it that is not over would be lost.
    if (link !== null && link.textContent !== text) {
      link.replaceChildren(quiet === "" ? text : this.make("i", "", quiet));
    }
    const pill = row.querySelector(".pill");
    const [says, look] = doing(each.state, each.holder, each.waits);
    if (pill !== null) {
      pill.className = `pill doing ${look}`;
      pill.textContent = says;
    }
    const since = row.querySelector<HTMLElement>("time");
    if (since !== null) since.dataset["since"] = String(each.since);
    this.tick();
  }

  private made(each: Row): HTMLTableRowElement {
    const row = this.make("tr");
    row.dataset["conversation"] = each.conversation;
    const words = this.make("td", "words");
    const link = this.make("a");
    link.href = `/console/live/${each.conversation}`;
    const by = each.transport === "" ? each.agent : `${each.agent} · ${each.transport}`;
    words.append(link, this.make("span", "agent", by));
    const state = this.make("td", "state");
    state.append(this.make("span", "pill doing"));
    const loud = this.make("td", "loud");
    loud.append(this.meters());
    const since = this.make("td", "number");
    since.dataset["name"] = "since";
    since.append(this.make("time"));
    row.append(words, state, loud, since, this.make("td", "when visitor", clip(each.visitor, 16) || "–"));
    this.rows.set(each.conversation, row);
    return row;
  }

  private meters(): SVGElement {
    const page = this.root.ownerDocument;
    const drawing = page.createElementNS(SVG, "svg");
    const facts = { class: "meters", width: "100%", height: "14", role: "img" };
    for (const [name, value] of Object.entries(facts)) drawing.setAttribute(name, value);
    drawing.setAttribute("aria-label", "How loud the visitor and the agent are");
    for (const [look, y, width] of [["rail", 0, "100%"], ["user", 0, "0%"], ["rail", 9, "100%"], ["agent", 9, "0%"]]) {
      const bar = page.createElementNS(SVG, "rect");
      const shape = { class: look, y, width, height: 5, rx: 2.5 };
      for (const [name, value] of Object.entries(shape)) bar.setAttribute(name, String(value));
      drawing.append(bar);
    }
    return drawing;
  }

  private tick(): void {
    for (const each of this.root.querySelectorAll<HTMLElement>("time[data-since]")) {
      each.textContent = span(Date.now() + this.ahead - Number(each.dataset["since"]));
    }
  }

  private moved(state: LineState): void {
    const line = this.root.ownerDocument.querySelector<HTMLElement>("[data-line]");
    if (line === null) return;
    line.hidden = false;
    line.dataset["state"] = state;
    line.textContent = SAYS[state];
  }

  private hide(selector: string, hidden: boolean): void {
    const found = this.root.querySelector<HTMLElement>(selector);
    if (found !== null) found.hidden = hidden;
  }

  private make<Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    look = "",
    text = "",
  ): HTMLElementTagNameMap[Name] {
    const made = this.root.ownerDocument.createElement(name);
    if (look !== "") made.className = look;
    if (text !== "") made.textContent = text;
    return made;
  }
}
