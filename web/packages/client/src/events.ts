/** Listeners by the name of what they wait for. */
export class Events<Named extends object> {
  private readonly listeners = new Map<keyof Named, Set<(value: never) => void>>();

  /** Listens until the function that comes back is called. */
  on<Name extends keyof Named>(name: Name, listener: (value: Named[Name]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  /** Tells every listener; one that throws is reported as any page error, and stops nobody. */
  emit<Name extends keyof Named>(name: Name, value: Named[Name]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) {
      try {
        (listener as (value: Named[Name]) => void)(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.listeners.clear();
  }
}
