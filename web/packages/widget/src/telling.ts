/** What a widget tells: the page of its events, and the agent of the page that its visitor has before them. */
import type { Call } from "./call.js";
import { pageAt, tellPage, TITLED_MS } from "./navigate.js";
import type { Tiding } from "./tidings.js";

/** The element, as far as it has a say in where its visitor is. */
export interface Teller extends HTMLElement {
  readonly onNavigate: ((url: string) => void) | null;
  readonly pathname: string | null;
}

export class Telling {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly element: Teller) {}

  /** Sends an event; where the agent leads to another page and nobody objects, that one is shown. */
  page([name, detail]: Tiding): void {
    const leads = name === "duologue-navigate";
    const event = new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: leads });
    const stays = !this.element.dispatchEvent(event);
    if (!leads || stays) return;
    const url = String(detail["url"]);
    const { onNavigate } = this.element;
    if (onNavigate !== null) return onNavigate(url);
    const to = pageAt(url, location.href);
    if (to !== null) location.assign(to);
  }

  /** Tells the agent of another page, once that has its title. */
  agent(call: Call): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { session, model } = call;
      if (session !== null && model.line.state === "connected") tellPage(session, this.element.pathname);
    }, TITLED_MS);
  }

  /** Tells nothing any more that was about to be told. Idempotent. */
  end(): void {
    clearTimeout(this.timer);
  }
}
