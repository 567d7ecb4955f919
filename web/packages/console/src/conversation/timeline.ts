/** The timeline: lanes that can be enlarged, a playhead over them, and a click that seeks. */
import { make, need } from "./make";
import type { Player } from "./player";
import { clock, followed, type Lens, mostZoom, place, type Scale, ticks, time, within, zoomed } from "./scale";

const APART = 90;
/** Pixels that a wheel turns for a factor of e. */
const WHEEL = 240;
const SVG = "http://www.w3.org/2000/svg";
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1000,
  ArrowRight: 1000,
  ArrowDown: -1000,
  ArrowUp: 1000,
  PageDown: -10_000,
  PageUp: 10_000,
  Home: -Infinity,
  End: Infinity,
};

export class Timeline {
  readonly #since: number;
  readonly #until: number;
  readonly #view: HTMLElement;
  readonly #track: HTMLElement;
  readonly #head: HTMLElement;
  readonly #ruler: HTMLElement;
  readonly #ticks: SVGElement;
  #zoom = 1;
  #before = 0;

  constructor(
    readonly section: HTMLElement,
    readonly player: Player,
  ) {
    const page = section.ownerDocument;
    this.#since = Number(section.dataset["since"]);
    this.#until = Number(section.dataset["until"]);
    this.#view = need(section, ".view");
    this.#track = need(section, ".track");
    this.#ticks = need(section, ".ticks");
    this.#head = make(page, "div", { class: "head", "aria-hidden": "true" });
    const label = player.silent ? "Position in the conversation" : "Position in the recording";
    const least = String(Math.round(this.#since / 1000));
    const most = String(Math.round(this.#until / 1000));
    this.#ruler = make(page, "div", {
      class: "ruler",
      role: "slider",
      tabindex: "0",
      "aria-label": label,
      "aria-valuemin": least,
      "aria-valuemax": most,
      "aria-keyshortcuts": "Space ArrowLeft ArrowRight PageDown PageUp Home End + - 0",
    });
    this.#ticks.replaceWith(this.#ruler);
    this.#ruler.append(this.#ticks);
    this.#track.append(this.#head);
    this.#listen();
    this.draw();
  }

  get zoom(): number {
    return this.#zoom;
  }

  get mostZoom(): number {
    return mostZoom(this.#until - this.#since);
  }

  /** Puts the focus where arrows and the space bar do their work. */
  focus(): void {
    this.#ruler.focus({ preventScroll: true, focusVisible: false } as FocusOptions);
  }

  /** Enlarges about the playhead, where that is seen, else about the middle. */
  zoomBy(factor: number): void {
    const view = this.#view.clientWidth;
    const x = place(this.#scale(), this.player.at) - this.#view.scrollLeft;
    this.#look(factor, x >= 0 && x <= view ? x : view / 2);
  }

  /** Shows all of it. */
  fit(): void {
    this.#look(0, 0);
  }

  /** Draws the playhead where the sound is, and scrolls on with it. */
  draw(): void {
    const at = this.player.at;
    const scale = this.#scale();
    const x = place(scale, at);
    this.#head.hidden = at < this.#since || at > this.#until;
    this.#head.style.left = `${(x / scale.width) * 100}%`;
    const left = this.#view.scrollLeft;
    if (this.player.playing) {
      const next = followed(left, this.#view.clientWidth, this.#before, x);
      if (next !== left) this.#view.scrollLeft = next;
    }
    this.#before = x;
    const shown = within(at, this.#since, this.#until);
    this.#ruler.setAttribute("aria-valuenow", String(Math.round(shown / 1000)));
    this.#ruler.setAttribute("aria-valuetext", clock(at));
  }

  #scale(): Scale {
    return { since: this.#since, until: this.#until, width: this.#track.getBoundingClientRect().width || 1 };
  }

  #look(factor: number, about: number): void {
    const lens: Lens = { zoom: this.#zoom, left: this.#view.scrollLeft };
    const next = zoomed(lens, factor, about, this.#view.clientWidth, this.mostZoom);
    this.#zoom = next.zoom;
    this.#track.style.width = `${next.zoom * 100}%`;
    this.#view.scrollLeft = next.left;
    this.#name();
    this.draw();
    this.section.dispatchEvent(new Event("zoomed"));
  }

  /** Round times below what is seen just now. */
  #name(): void {
    const scale = this.#scale();
    const view = this.#view.clientWidth;
    const from = time(scale, this.#view.scrollLeft - view);
    const to = time(scale, this.#view.scrollLeft + 2 * view);
    const shown = Math.max(1, Math.floor((place(scale, to) - place(scale, from)) / APART));
    this.#ticks.replaceChildren(
      ...ticks(from, to, shown).map(({ at, name }) => {
        const share = place(scale, at) / scale.width;
        const text = this.section.ownerDocument.createElementNS(SVG, "text");
        text.setAttribute("x", `${share * 100}%`);
        text.setAttribute("y", "14");
        const edge = (share * scale.width < 16 && "start") || (scale.width * (1 - share) < 16 && "end");
        text.setAttribute("text-anchor", edge || "middle");
        text.textContent = name;
        return text;
      }),
    );
  }

  #listen(): void {
    this.#track.addEventListener("click", (event) => this.#click(event));
    this.#ruler.addEventListener("pointerdown", (event) => this.#drag(event));
    this.#view.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#view.addEventListener("scroll", () => this.#name());
    this.section.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => {
      this.#name();
      this.draw();
    }).observe(this.#view);
    this.player.follow(() => this.draw());
  }

  #click(event: MouseEvent): void {
    // Enter on a mark is a click without a place.
    if (event.detail === 0 || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    this.#seekTo(event.clientX);
    const mark = event.target instanceof Element && event.target.closest("a") !== null;
    if (!mark) this.focus();
  }

  #seekTo(clientX: number): void {
    this.player.seek(time(this.#scale(), clientX - this.#track.getBoundingClientRect().left));
  }

  #drag(down: PointerEvent): void {
    if (down.button !== 0) return;
    this.#ruler.setPointerCapture(down.pointerId);
    const move = (event: PointerEvent): void => this.#seekTo(event.clientX);
    const done = (): void => {
      this.#ruler.removeEventListener("pointermove", move);
      this.#ruler.removeEventListener("lostpointercapture", done);
    };
    this.#ruler.addEventListener("pointermove", move);
    this.#ruler.addEventListener("lostpointercapture", done);
  }

  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault(); // or the whole page is enlarged
    const about = event.clientX - this.#view.getBoundingClientRect().left;
    this.#look(Math.exp(-event.deltaY / WHEEL), about);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("button, select, audio") !== null) return;
    if (event.key === " " && !this.player.silent) this.player.toggle();
    else if (event.key === "+" || event.key === "=") this.zoomBy(2);
    else if (event.key === "-") this.zoomBy(0.5);
    else if (event.key === "0") this.fit();
    else {
      const step = STEPS[event.key];
      if (step === undefined) return;
      const to = within(this.player.at + step * (event.shiftKey ? 5 : 1), this.#since, this.#until);
      this.player.seek(to);
    }
    event.preventDefault();
  }
}
