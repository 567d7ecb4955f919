/** Where an agent leads its visitor, and what it is told of where the visitor is. */
import type { LiveKitSession } from "./seam.js";

/** A site without reloads changes its address first, and its title a moment later. */
export const TITLED_MS = 100;

/**
 * The page that is meant; null for what is none. Which sites an agent may lead to, its server has
 * decided: its own pages' and those that its owner lists.
 */
export function pageAt(url: string, here: string): string | null {
  if (!URL.canParse(url, here)) return null;
  const to = new URL(url, here);
  return /^https?:$/.test(to.protocol) ? to.href : null;
}

/** Tells of each page that a site without reloads shows; the function that comes back ends it. */
export function pages(changed: () => void, signal: AbortSignal): void {
  const site = (globalThis as { readonly navigation?: EventTarget }).navigation;
  site?.addEventListener("currententrychange", changed, { signal });
  globalThis.addEventListener("popstate", changed, { signal });
}

/** What each session's agent knows already, on which line: any of its surfaces may have told it. */
const told = new WeakMap<object, string>();

/** Tells the agent of a session where the visitor is, unless it knows. */
export function tellPage(session: Pick<LiveKitSession, "sendData" | "ticket">, path: string | null): void {
  const page = pageNow(path);
  const known = JSON.stringify([session.ticket?.token, page]);
  if (told.get(session) === known) return;
  told.set(session, known);
  session.sendData(page).catch(() => told.delete(session));
}

/** The page that the visitor has before them, as the agent is told of it. */
function pageNow(path: string | null): Record<string, unknown> {
  // As at the door: what stands behind a ? or # may be anybody's secret.
  const { origin, pathname } = location;
  return { type: "duologue.page", url: `${origin}${pathname}`, title: document.title, path: path ?? pathname };
}
