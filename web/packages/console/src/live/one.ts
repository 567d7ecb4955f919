/** The page of a conversation that goes on. */
import { follow } from "./deeds.js";
import { Line, type LineState } from "./line.js";
import { Talk } from "./talk.js";
import { type Voice, voiceButton } from "./voice.js";
import { doing, type Happening, type Said, type Shown, span } from "./words.js";

const SAYS: Readonly<Record<LineState, string>> = {
  connecting: "Connecting",
  live: "Connected",
  reconnecting: "Reconnecting: what happens meanwhile is shown then",
  over: "Over",
};
/** Pixels from the end of the page within which it is read along. */
const NEAR = 160;

export class OnePage {
  private readonly talk = new Talk();
  private readonly rows = new Map<string, HTMLElement>();
  private readonly line: Line;
  private readonly voice: Voice | null;
  private since: number;
  private state = "";
  private clients = 1;
  private holder: string;
  private mine: boolean;
  /** How far the server's clock is before this one. */
  private ahead: number;

  constructor(
    private readonly root: HTMLElement,
    private readonly reload: () => void = () => location.reload(),
  ) {
    this.since = Number(root.dataset["since"]);
    this.ahead = Number(root.dataset["now"]) - Date.now();
    this.mine = root.dataset["mine"] !== undefined;
    this.voice = voiceButton(root);
    this.holder = this.find("[data-holder]")?.textContent ?? "";
    this.line = new Line(
      root.dataset["stream"] ?? "",
      {
        shown: (shown: Shown) => this.show(shown),
        event: (happening: Happening) => this.happened(happening),
        taken: (taken: { holder: string; mine: boolean }) => this.taken(taken.holder, taken.mine),
        lost: ({ events }: { events: number }) => this.aside(`${events} events were lost on the way here`),
        gone: ({ message }: { message: string }) => this.over(message),
        left: () => this.reload(),
      },
      (state) => this.moved(state),
    );
    follow(root, (words) => this.problem(words));
    this.moved("connecting");
    this.line.open();
    setInterval(() => this.tick(), 1000);
  }

  // ---------------------------------------------------------------- what comes

  private show(shown: Shown): void {
    this.ahead = shown.now - Date.now();
    this.since = shown.since;
    this.state = shown.state;
    this.clients = shown.clients;
    this.talk.load(shown);
    this.rows.clear();
    this.list.replaceChildren();
    for (const said of shown.said) this.draw(said);
    const hidden = this.find("[data-hidden]");
    if (hidden !== null) {
      hidden.hidden = shown.hidden === "";
      const why = hidden.querySelector("span");
      if (why !== null) why.textContent = shown.hidden;
    }
    this.quiet(shown.hidden === "");
    this.taken(shown.holder, shown.mine);
  }

  private happened(happening: Happening): void {
    switch (happening.type) {
      case "levels":
        this.level("user", happening.user);
        this.level("agent", happening.agent);
        break;
      case "doing":
        this.state = happening.state;
        this.pill();
        break;
      case "tool":
        if (happening.status !== "started") {
          this.aside(`${happening.name}: ${happening.status === "error" ? "failed" : "done"}`);
        }
        break;
      case "told":
        this.aside(`Told the visitor: ${happening.message}`);
        break;
      case "over":
        this.over(happening.reason.replaceAll("_", " "));
        break;
      case "words":
      case "ended":
        this.changed(happening);
        break;
      default:
        happening satisfies never;
    }
  }

  private changed(happening: Happening): void {
    const change = this.talk.take(happening, this.now);
    if (change === null) return;
    if (change.said === null) {
      this.rows.get(change.turn)?.remove();
      this.rows.delete(change.turn);
    } else {
      this.along(() => change.said && this.draw(change.said));
    }
    this.quiet(true);
  }

  private taken(holder: string, mine: boolean): void {
    const begins = mine && !this.mine;
    if (!mine && this.mine) this.voice?.stop();
    this.holder = this.talk.holder = holder;
    this.mine = mine;
    this.root.toggleAttribute("data-held", holder !== "");
    this.root.toggleAttribute("data-mine", mine);
    for (const each of this.root.querySelectorAll<HTMLElement>("[data-when]")) {
      const when = each.dataset["when"];
      each.hidden = when === "agent" ? holder !== "" : when === "mine" ? !mine : holder === "" || mine;
    }
    const name = this.find("[data-holder]");
    if (name !== null) name.textContent = holder;
    const side = this.find("[data-side]");
    if (side !== null) side.textContent = holder === "" ? "Agent" : "Person";
    this.pill();
    if (begins) this.root.querySelector<HTMLElement>("form[data-do=speak] textarea")?.focus();
  }

  private over(why: string): void {
    this.line.close();
    this.voice?.stop();
    const gone = this.find("[data-gone]");
    if (gone !== null) {
      gone.hidden = false;
      const words = gone.querySelector("span");
      if (words !== null) words.textContent = why;
    }
    for (const form of this.root.querySelectorAll<HTMLElement>("form, [data-voice]")) form.hidden = true;
    const pill = this.find("[data-doing] .pill");
    if (pill !== null) {
      pill.className = "pill";
      pill.textContent = "over";
    }
    this.level("user", 0);
    this.level("agent", 0);
  }

  // ---------------------------------------------------------------- what is drawn

  private draw(said: Said): void {
    let row = this.rows.get(said.turn);
    if (row === undefined) {
      row = this.page.createElement("li");
      row.className = "turn";
      row.dataset["turn"] = said.turn;
      row.append(this.at(said.at), this.page.createElement("p"));
      this.rows.set(said.turn, row);
      this.list.append(row);
    }
    const words = row.querySelector("p");
    if (words === null) return;
    words.className = said.side;
    words.toggleAttribute("data-grows", !said.final);
    const who = this.page.createElement("b");
    who.textContent = `${this.who(said)}${said.interrupted ? ", interrupted" : ""}`;
    words.replaceChildren(who, said.text);
  }

  private who(said: Said): string {
    if (said.side === "user") return "Visitor";
    return said.side === "agent" ? "Agent" : `${said.name || "A person"}, in the agent’s place`;
  }

  private aside(text: string): void {
    this.along(() => {
      const row = this.page.createElement("li");
      row.className = "aside";
      const words = this.page.createElement("p");
      words.textContent = text;
      row.append(this.at(this.now), words);
      this.list.append(row);
    });
  }

  private at(at: number): HTMLElement {
    const made = this.page.createElement("span");
    made.className = "at";
    made.textContent = at >= this.since ? span(at - this.since) : "before";
    return made;
  }

  private pill(): void {
    const pill = this.find("[data-doing] .pill");
    if (pill === null || this.line.state === "over") return;
    const [says, look] = doing(this.state, this.holder, this.clients === 0);
    pill.className = `pill doing ${look}`;
    pill.textContent = says;
  }

  private level(side: "user" | "agent", level: number): void {
    this.find(`.level.${side} .fill`)?.setAttribute("width", `${Math.round(level * 100)}%`);
  }

  private moved(state: LineState): void {
    const line = this.find("[data-line]");
    if (line === null) return;
    line.hidden = false;
    line.dataset["state"] = state;
    line.textContent = SAYS[state];
  }

  private problem(words: string): void {
    const problem = this.find("[data-problem]");
    if (problem === null) return;
    problem.hidden = words === "";
    problem.textContent = words;
  }

  private quiet(shows: boolean): void {
    const quiet = this.find("[data-quiet]");
    if (quiet !== null) quiet.hidden = !shows || this.talk.turns.size > 0;
  }

  private tick(): void {
    if (this.line.state === "over") return;
    const since = this.find(".sum [data-since]");
    if (since !== null) since.textContent = span(this.now - this.since);
  }

  /** Whoever reads at the end of the page is led along with it. */
  private along(work: () => void): void {
    const view = this.page.defaultView;
    const page = this.page.documentElement;
    const near = view !== null && page.scrollHeight - view.innerHeight - view.scrollY < NEAR;
    work();
    if (near && page.scrollHeight > view.innerHeight) view.scrollTo({ top: page.scrollHeight });
  }

  private get now(): number {
    return Date.now() + this.ahead;
  }

  private get page(): Document {
    return this.root.ownerDocument;
  }

  private get list(): HTMLElement {
    return this.root.querySelector<HTMLElement>("[data-said]") ?? this.root;
  }

  private find(selector: string): HTMLElement | null {
    return this.page.querySelector<HTMLElement>(selector);
  }
}
