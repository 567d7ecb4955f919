/** A conversation that goes on elsewhere: what was told of it since is shown, until it is over. */
const EVERY_MS = 5000;
const PARTS = [".sum", ".timeline", "#said", "main > .halves > aside"];
/** What somebody does with the page; meanwhile it stays as it is. */
const USED = [
  ":is(.timeline, #said, aside) :is(:focus-visible, :active)",
  "aside details[open]",
  ".drawer:not([hidden])",
  "[data-playing]",
  "[aria-label='Zoom out'][aria-disabled=false]",
].join();

export function follow(page: Document, moves: (timeline: HTMLElement, held: boolean) => void): void {
  const again = (): void => {
    setTimeout(() => void look(), EVERY_MS);
  };

  async function look(): Promise<void> {
    if (page.hidden || used(page)) return again();
    try {
      const answer = await fetch(location.pathname + location.search);
      if (answer.status === 401 || answer.status === 404) return location.reload();
      const told = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok && !used(page)) show(told);
    } catch {
      // The server is away, or the line is: it is asked again.
    }
    if (page.querySelector(".timeline[data-active]") !== null) again();
  }

  function show(told: Document): void {
    if (PARTS.some((part) => told.querySelector(part) === null)) return;
    const held = page.querySelector(".timeline :focus") !== null;
    for (const part of PARTS) {
      const now = told.querySelector(part);
      if (now !== null) page.querySelector(part)?.replaceWith(page.importNode(now, true));
    }
    const timeline = page.querySelector<HTMLElement>(".timeline");
    if (timeline !== null) moves(timeline, held);
  }

  again();
}

function used(page: Document): boolean {
  return page.querySelector(USED) !== null || page.getSelection()?.isCollapsed === false;
}
