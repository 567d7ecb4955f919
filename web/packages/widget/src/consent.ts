/** Terms that are agreed to before the first word: remembered by their hash, and told to the server. */
import { button, make, write } from "./dom.js";
import type { Face } from "./face.js";
import type { Remember } from "./remember.js";
import type { Agreement } from "./seam.js";
import type { Translate } from "./texts/index.js";

/** Terms, and the hash under which an agreement to them is known. */
export interface Terms {
  readonly text: string | null;
  readonly url: string | null;
  readonly hash: string;
}

/** The agent's own terms, for its server asks for those; else the terms of the page's tag. */
export async function termsOf(attribute: string | null, face: Face): Promise<Terms | null> {
  if (face.consent !== null || !attribute) return face.consent;
  const isAddress = /^(https?:\/\/|\/)\S+$/.test(attribute);
  return {
    text: isAddress ? null : attribute,
    url: isAddress ? new URL(attribute, document.baseURI).href : null,
    hash: await sha256(attribute),
  };
}

/** The agreement that this browser remembers. */
export function remembered(terms: Terms, remember: Remember): Agreement | null {
  const at = terms.hash === "" ? null : remember.agreed(terms.hash);
  return at === null ? null : { hash: terms.hash, at };
}

/** In hexadecimal digits; empty on a page that is not secure, which gets asked each time. */
export async function sha256(text: string): Promise<string> {
  const bytes = await globalThis.crypto?.subtle?.digest("SHA-256", new TextEncoder().encode(text));
  if (bytes === undefined) return "";
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The terms as the visitor has them before them. */
export class ConsentView {
  readonly element: HTMLElement;
  private readonly title = make("p", "title", { id: "consent-title" });
  private readonly words = make("p", "terms", { tabindex: "0" });
  private readonly link = make("a", "read", { target: "_blank", rel: "noopener noreferrer" });
  private readonly agree: HTMLButtonElement;
  private readonly refuse: HTMLButtonElement;

  constructor(hooks: { agree(): void; refuse(): void }) {
    this.agree = button("big", () => hooks.agree(), make("span"));
    this.refuse = button("quiet", () => hooks.refuse());
    const buttons = make("div", "actions", {}, this.agree, this.refuse);
    const look = { role: "group", "aria-labelledby": "consent-title" };
    this.element = make("div", "consent", look, this.title, this.words, this.link, buttons);
    this.element.hidden = true;
  }

  draw(terms: Terms | null, t: Translate): void {
    const appears = this.element.hidden && terms !== null;
    this.element.hidden = terms === null;
    write(this.title, t("consent"));
    write(this.words, terms?.text ?? "");
    this.words.hidden = !terms?.text;
    write(this.link, t("consentRead"));
    this.link.hidden = !terms?.url;
    if (terms?.url) this.link.href = terms.url;
    if (this.agree.firstElementChild) write(this.agree.firstElementChild, t("agree"));
    write(this.refuse, t("refuse"));
    if (appears) this.agree.focus({ preventScroll: true });
  }
}
