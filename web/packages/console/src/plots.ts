/** The values under the pointer, on every plot at once; a press leads to the conversations of that time.
 * They are read from the page's own table, so that they stand there once. */

interface Piece {
  readonly name: string;
  readonly link: string | null;
  readonly cells: readonly string[];
}

interface Table {
  readonly pieces: readonly Piece[];
  /** Which cell of a row a field is. */
  readonly places: ReadonlyMap<string, number>;
}

interface Mark {
  show(place: number): void;
  hide(): void;
}

/** Which piece of a time is meant by a share of its width, of so many. */
export function pieceAt(share: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
}

/** Where a note begins that stands beside a place and does not leave its room. */
export function beside(place: number, width: number, room: number): number {
  const right = place + 12;
  return right + width <= room ? right : Math.max(0, place - 12 - width);
}

/** The table of a page, from the earliest piece on. */
export function read(table: HTMLTableElement): Table {
  const places = new Map<string, number>();
  for (const head of table.querySelectorAll<HTMLElement>("th[data-field]")) {
    places.set(head.dataset["field"] ?? "", places.size);
  }
  const pieces = [...table.querySelectorAll("tbody tr")].map((row) => ({
    name: row.querySelector("th")?.textContent?.trim() ?? "",
    link: row.querySelector("th a")?.getAttribute("href") ?? null,
    cells: [...row.querySelectorAll("td")].map((cell) => cell.textContent?.trim() ?? ""),
  }));
  return { pieces: pieces.reverse(), places };
}

export function begin(page: Document): void {
  const plots = page.querySelector<HTMLElement>(".plots[data-table]");
  const table = page.getElementById(plots?.dataset["table"] ?? "");
  if (!plots || !(table instanceof HTMLTableElement)) return;
  const known = read(table);
  if (!known.pieces.length) return;
  const marks: Mark[] = [];
  const all = (place: number | null): void => {
    for (const mark of marks) place === null ? mark.hide() : mark.show(place);
  };
  for (const plot of plots.querySelectorAll<HTMLElement>(".plot")) {
    const mark = follow(plot, known, all);
    if (mark) marks.push(mark);
  }
}

function follow(plot: HTMLElement, table: Table, all: (place: number | null) => void): Mark | null {
  const drawn = plot.querySelector<HTMLElement>(".drawn");
  const chart = plot.querySelector<SVGSVGElement>("svg.chart");
  if (!drawn || !chart) return null;
  const fields = (plot.dataset["fields"] ?? "").split(" ");
  const hair = element(drawn, "hair");
  const tip = element(drawn, "tip");
  const place = (event: MouseEvent): number => {
    const box = chart.getBoundingClientRect();
    return pieceAt((event.clientX - box.left) / box.width, table.pieces.length);
  };
  let own = false;
  chart.dataset["live"] = "";
  chart.addEventListener("pointermove", (event) => {
    own = true;
    all(place(event));
  });
  chart.addEventListener("pointerleave", () => {
    own = false;
    all(null);
  });
  chart.addEventListener("click", (event) => {
    const link = table.pieces[place(event)]?.link;
    if (link) location.assign(link);
  });
  return {
    show(at) {
      const piece = table.pieces[at];
      if (!piece) return;
      const x = chart.clientWidth * ((at + 0.5) / table.pieces.length) + chart.getBoundingClientRect().left - drawn.getBoundingClientRect().left;
      hair.hidden = false;
      hair.style.left = `${x}px`;
      tip.hidden = !own;
      if (!own) return;
      tip.replaceChildren(line("b", piece.name), ...fields.map((field) => line("div", `${field.split("-").at(-1)?.replace("_", " ")} ${piece.cells[table.places.get(field) ?? -1] ?? ""}`)));
      tip.style.left = `${beside(x, tip.offsetWidth, drawn.clientWidth)}px`;
    },
    hide() {
      hair.hidden = true;
      tip.hidden = true;
    },
  };

  function line(name: string, text: string): HTMLElement {
    const made = plot.ownerDocument.createElement(name);
    made.textContent = text;
    return made;
  }
}

function element(parent: HTMLElement, name: string): HTMLElement {
  const made = parent.ownerDocument.createElement("div");
  made.className = name;
  made.hidden = true;
  made.setAttribute("aria-hidden", "true");
  parent.append(made);
  return made;
}
