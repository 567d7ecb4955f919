/** What is written to the agent: in order, and not before it is there, for then it would be lost. */
import { type After, within } from "./names.js";

export interface Letter {
  /** Of a typed message, its id: while it waits, it is not put behind itself again. */
  readonly id: string | null;
  send(): Promise<unknown>;
}

const SEND_MS = 10_000;
const AGAIN_MS = 1000;

export class Mail {
  private readonly waiting: Letter[] = [];
  private open = false;
  private busy = false;
  private closed = false;
  private cancel: () => void = () => {};

  constructor(
    private readonly sent: (id: string) => void,
    private readonly after: After,
  ) {}

  post(letter: Letter): void {
    if (letter.id !== null && this.waiting.some(({ id }) => id === letter.id)) return;
    this.waiting.push(letter);
    void this.deliver();
  }

  /** Whether letters arrive now. */
  opens(open: boolean): void {
    this.open = open;
    void this.deliver();
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  private async deliver(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.cancel();
    for (let letter = this.next(); letter !== undefined; letter = this.next()) {
      try {
        await within(SEND_MS, letter.send());
      } catch {
        // The room mends itself, or is about to end: then the next road sends it.
        if (!this.closed) this.cancel = this.after(AGAIN_MS, () => void this.deliver());
        break;
      }
      this.waiting.shift();
      if (letter.id !== null && !this.closed) this.sent(letter.id);
    }
    this.busy = false;
  }

  private next(): Letter | undefined {
    return this.open && !this.closed ? this.waiting[0] : undefined;
  }
}
