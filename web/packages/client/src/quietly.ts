/** What the work gives; undefined where it throws, which is no reason to stop. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
