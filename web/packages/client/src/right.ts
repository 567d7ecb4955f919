/** The memory of a session that a page may also hand a kept right to, or bid to forget one. */
import type { Kept, Memory, Remembered } from "./memory.js";

export class Right implements Memory {
  private key = "";
  /** What was handed in, for whom the memory itself knows nothing newer of the same conversation. */
  private given: Kept | null = null;
  private readonly within = new Map<string, Kept>();

  /** Without a `memory` what is kept lives as long as this object. */
  constructor(private readonly memory: Memory | null) {}

  /** A right that the page kept by itself. */
  hand(kept: Kept): void {
    this.given = kept;
  }

  /** Forgets the conversation, here and in the memory. */
  drop(): void {
    this.forget(this.key);
  }

  recall(key: string): Remembered | null {
    this.key = key;
    const found = this.found(key);
    if (this.given === null || found?.conversationId === this.given.conversationId) return found;
    return { ...this.given, sameTab: false };
  }

  keep(key: string, kept: Kept, attached: boolean): void {
    this.given = null;
    this.within.set(key, kept);
    this.memory?.keep(key, kept, attached);
  }

  forget(key: string): void {
    this.given = null;
    this.within.delete(key);
    this.memory?.forget(key);
  }

  private found(key: string): Remembered | null {
    if (this.memory !== null) return this.memory.recall(key);
    const kept = this.within.get(key);
    return kept === undefined ? null : { ...kept, sameTab: false };
  }
}
