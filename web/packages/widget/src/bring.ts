/** Loads a module, and loads it anew after it could not be had. */

/** How often each address failed in this page. */
const failed = new Map<string, number>();
/** Under which address each was had at last. */
const had = new Map<string, string>();

/**
 * A browser may remember for the page's life that a module could not be had. So an address that failed is asked
 * once more as it is, lest there are two of a module, and then under a query that the browser does not know.
 */
export async function bring<Module>(
  url: string,
  load: (address: string) => Promise<unknown> = (address) => import(address),
): Promise<Module> {
  const before = failed.get(url) ?? 0;
  const known = had.get(url) ?? url;
  const other = `${url}${url.includes("?") ? "&" : "?"}again=${before}`;
  const from = async (address: string): Promise<Module> => {
    const found = await load(address);
    had.set(url, address);
    return found as Module;
  };
  try {
    return await from(known).catch((error: unknown) => {
      if (before === 0) throw error;
      return from(other);
    });
  } catch (error) {
    failed.set(url, before + 1);
    throw error;
  }
}
