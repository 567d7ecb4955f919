/** What the server put into the page: who answers, and the key to show at the door. */

export interface TalkAgent {
  readonly slug: string;
  readonly name: string;
  readonly greeting: string;
  readonly pushToTalk: boolean;
  readonly suggestions: readonly string[];
}

export interface PageData {
  readonly agents: readonly [TalkAgent, ...TalkAgent[]];
  readonly publicKey: string | null;
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

/** A new element with a class and a text. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (name !== "") made.className = name;
  if (text !== "") made.textContent = text;
  return made;
}
