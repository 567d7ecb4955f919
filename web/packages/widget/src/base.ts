/** Where the server is: where the script came from, unless the tag says it. */

/** The origin of the script that is running, or of the one that brought the widget. */
export function scriptOrigin(page: Document, name: string): string | null {
  const running = page.currentScript instanceof HTMLScriptElement ? page.currentScript.src : "";
  const found = running || [...page.scripts].map(({ src }) => src).find((src) => src.split(/[?#]/)[0]?.endsWith(name));
  return found && URL.canParse(found) ? new URL(found).origin : null;
}

/** An address without what `/assets/…` would say twice. */
export function trimmed(base: string): string {
  return base.split(/[?#]/)[0]?.replace(/\/+$/, "") ?? "";
}
