/** Time that passes when a test says so. */
import { settled } from "../fakes.js";

interface Due {
  at: number;
  readonly work: () => void;
}

export class Clock {
  private now = 0;
  private readonly due = new Set<Due>();

  readonly after = (ms: number, work: () => void): (() => void) => {
    const due = { at: this.now + ms, work };
    this.due.add(due);
    return () => this.due.delete(due);
  };

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = [...this.due].sort((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > end) break;
      this.due.delete(next);
      this.now = next.at;
      next.work();
      await settled();
    }
    this.now = end;
  }

  get waiting(): number {
    return this.due.size;
  }
}
