/** Where the server is, for a page that says so and for one that does not. */

/** The address as the page gave it, without the slashes at its end; else where the script came from. */
export function baseOf(given: string | undefined, script: string, page: string): string {
  if (given === undefined || given === "") return originOf(script) ?? page;
  const base = given.replace(/\/+$/, "");
  let url: URL;
  try {
    url = new URL(base);
  } catch {
    throw new TypeError(`baseUrl is no address: ${JSON.stringify(given)}. It looks like https://talk.example`);
  }
  if (url.protocol === "http:" || url.protocol === "https:") return base;
  throw new TypeError(`baseUrl must begin with http:// or https://, not ${JSON.stringify(given)}`);
}

/** The origin of a script that a server gave; none of one that lies in a file or in the page itself. */
function originOf(script: string): string | null {
  return /^https?:/.test(script) ? new URL(script).origin : null;
}
