/** Makes and changes elements; never from text that could be markup. */

type Attributes = Readonly<Record<string, string | boolean>>;

/** A new element with a class, attributes and what is in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name = "",
  attributes: Attributes = {},
  ...inside: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (name !== "") made.className = name;
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "boolean") made.toggleAttribute(key, value);
    else made.setAttribute(key, value);
  }
  made.append(...inside);
  return made;
}

/** A button that no form takes for its own. */
export function button(name: string, work: () => void, ...inside: readonly (Node | string)[]): HTMLButtonElement {
  const made = make("button", name, { type: "button" }, ...inside);
  made.addEventListener("click", work);
  return made;
}

/** Writes text only where it changes, so that nothing is announced or selected away twice. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute only where it changes. */
export function set(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** The element that has the focus, inside a shadow tree or not. */
export function focused(within: Element): Element | null {
  const root = within.getRootNode();
  return root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null;
}
