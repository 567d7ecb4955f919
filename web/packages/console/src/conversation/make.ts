/** Elements in few words. */

type Attributes = Readonly<Record<string, string>>;

export function make<K extends keyof HTMLElementTagNameMap>(
  page: Document,
  name: K,
  attributes: Attributes = {},
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = page.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

/** A button that does something on the page, and is called so. */
export function button(page: Document, name: string, label: string, act: () => void): HTMLButtonElement {
  const made = make(page, "button", { type: "button", class: name, "aria-label": label });
  made.addEventListener("click", act);
  return made;
}

/** The element of that kind that a page must have where the script is at work. */
export function need<T extends Element>(within: ParentNode, selector: string): T {
  const found = within.querySelector<T>(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}
