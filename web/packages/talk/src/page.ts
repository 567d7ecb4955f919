/** What the server put into the page, and the page's own elements. */

/** An agent that the reader of this page may talk to. */
export interface PageAgent {
  readonly slug: string;
  readonly name: string;
}

export interface PageData {
  readonly agents: readonly [PageAgent, ...PageAgent[]];
  /** What the page shows at the door; null for people at the server's own machine. */
  readonly publicKey: string | null;
  /** The server, as other sites reach it. */
  readonly url: string;
}

/** Reads the data that our own server wrote beside the script. */
export function pageData(): PageData {
  const text = need("page-data", HTMLScriptElement).textContent;
  return JSON.parse(text) as PageData;
}

/** The element of that id; a page without it is not the page that this script belongs to. */
export function need<E extends Element>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** Writes text only where it changes, so that nothing is announced or selected away twice. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
