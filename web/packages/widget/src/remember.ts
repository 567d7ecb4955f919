/** What a browser keeps for the widget; where it may keep nothing, each page begins as the first did. */

/** What the visitor chose in this tab, so that a reload neither opens a microphone nor unmutes one. */
export interface Choices {
  readonly voice: boolean;
  readonly muted: boolean;
  /** A conversation is open: a reload goes on with it. */
  readonly live: boolean;
}

export class Remember {
  constructor(
    private readonly local: () => Storage = () => globalThis.localStorage,
    private readonly tab: () => Storage = () => globalThis.sessionStorage,
  ) {}

  choices(agent: string, otherwise: Choices): Choices {
    const found = this.read(this.tab, `duologue widget ${agent}`) as Partial<Choices> | null;
    return { ...otherwise, ...found };
  }

  choose(agent: string, choices: Choices): void {
    this.write(this.tab, `duologue widget ${agent}`, choices);
  }

  /** Whether the panel of this key was open; null where nobody knows. */
  open(key: string): boolean | null {
    const found = this.read(this.local, `duologue open ${key}`);
    return typeof found === "boolean" ? found : null;
  }

  keepOpen(key: string, open: boolean): void {
    this.write(this.local, `duologue open ${key}`, open);
  }

  /** When terms of this hash were agreed to, in UTC ms. */
  agreed(hash: string): number | null {
    const found = this.read(this.local, `duologue consent ${hash}`);
    return typeof found === "number" ? found : null;
  }

  agree(hash: string, at: number): void {
    this.write(this.local, `duologue consent ${hash}`, at);
  }

  /** Whether the bubble was seen in this tab. */
  greeted(agent: string): boolean {
    return this.read(this.tab, `duologue greeted ${agent}`) === true;
  }

  greet(agent: string): void {
    this.write(this.tab, `duologue greeted ${agent}`, true);
  }

  private read(storage: () => Storage, key: string): unknown {
    try {
      return JSON.parse(storage().getItem(key) ?? "null");
    } catch {
      return null;
    }
  }

  private write(storage: () => Storage, key: string, value: unknown): void {
    try {
      storage().setItem(key, JSON.stringify(value));
    } catch {
      // Forbidden, full or missing.
    }
  }
}
