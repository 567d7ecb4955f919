/** A line of server-sent events that is opened again as often as it breaks, and says how it stands. */
export type LineState = "connecting" | "live" | "reconnecting" | "over";

/** What of an EventSource is used. */
export interface Source {
  readonly readyState: number;
  onopen: ((event: Event) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface Tools {
  open(url: string): Source;
  later(work: () => void, milliseconds: number): void;
}

const BROWSER: Tools = {
  open: (url) => new EventSource(url),
  later: (work, milliseconds) => {
    setTimeout(work, milliseconds);
  },
};
const CLOSED = 2;
/** Milliseconds until a line that was refused is tried again; what merely broke, a browser mends itself. */
const AGAIN_MS = 3000;

export class Line {
  state: LineState = "connecting";
  private source: Source | null = null;

  constructor(
    private readonly url: string,
    private readonly hears: Readonly<Record<string, (said: never) => void>>,
    private readonly moved: (state: LineState) => void,
    private readonly tools: Tools = BROWSER,
  ) {}

  open(): void {
    if (this.state === "over") return;
    const source = this.tools.open(this.url);
    this.source = source;
    for (const [name, hear] of Object.entries(this.hears)) {
      source.addEventListener(name, (event) => {
        if (source === this.source) hear(JSON.parse(event.data) as never);
      });
    }
    source.onopen = () => this.move("live");
    source.onerror = () => {
      if (source !== this.source || this.state === "over") return;
      this.move("reconnecting");
      if (source.readyState !== CLOSED) return;
      this.source = null;
      this.tools.later(() => this.open(), AGAIN_MS);
    };
  }

  /** There is nothing more to hear. */
  close(): void {
    this.source?.close();
    this.source = null;
    this.move("over");
  }

  private move(state: LineState): void {
    if (state === this.state || this.state === "over") return;
    this.state = state;
    this.moved(state);
  }
}
