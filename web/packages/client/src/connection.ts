/** The line: asks for a session, opens a road to it, and comes back by itself when that breaks. */
import { SessionError } from "./error.js";
import { afterRefusal, delayMs, givesUp, type LineMove, type LineState, step } from "./line.js";
import { Promised } from "./promised.js";
import type { Road, RoadEnd, RoadHooks } from "./road.js";
import type { ClientMessage, Opening } from "./wire.js";
import type { World } from "./world.js";

type Heard = "opened" | "message" | "sound" | "words" | "delivered" | "unsure" | "named" | "video";

export interface ConnectionHooks extends Pick<RoadHooks, Heard> {
  /** Asks for a session; `returning` is a line that broke. */
  authorize(returning: boolean, signal: AbortSignal): Promise<Opening>;
  /** Takes the answer; a listener that hears of it may leave, and then `signal` is aborted. */
  answered(opening: Opening, signal: AbortSignal): void;
  /** Sets out on the road that the answer names; it throws where the browser will not. */
  road(opening: Opening, hooks: RoadHooks): Road;
  /** After every change; `error` is why the line is down, where somebody else than the user did it. */
  state(state: LineState, error: SessionError | null, mayReturn: boolean): void;
}

/** A line that broke sooner after it opened counts as the same break. */
const STEADY_MS = 5000;
/** A request on a dead network would hang for minutes. */
const ANSWER_MS = 20_000;

export class Connection {
  state: LineState = "idle";
  road: Road | null = null;
  private asking: AbortController | null = null;
  private cancel: () => void = () => {};
  private waiting: Promised<void> | null = null;
  private attempt = 0;
  private openedAt = 0;
  private brokenAt = 0;

  constructor(
    private readonly hooks: ConnectionHooks,
    private readonly world: World,
  ) {}

  /** Opens the line; while it opens, or is open, the same promise again. */
  connect(): Promise<void> {
    if (this.waiting !== null && !["disconnected", "failed"].includes(this.state)) {
      return this.waiting.promise;
    }
    const waiting = new Promised<void>();
    this.waiting = waiting;
    this.attempt = 0;
    this.move("connect");
    if (this.still("connecting", waiting)) void this.dial();
    return waiting.promise;
  }

  /** The user goes. */
  leave(): void {
    if (!["connecting", "connected", "reconnecting"].includes(this.state)) return;
    const { road } = this;
    if (road !== null && (this.state === "connected" || road.mends)) {
      this.road = null; // it closes by itself: to abandon it now would cut off its goodbye
      road.leave();
    }
    this.release();
    this.waiting?.reject(new SessionError("left", "The session was left before it was open."));
    this.move("leave");
  }

  /** Tells whether the message went out. */
  send(message: ClientMessage): boolean {
    return this.road?.send(message) ?? false;
  }

  sendSound(pcm: Int16Array<ArrayBuffer>): void {
    this.road?.sendSound(pcm);
  }

  /** The network is there again: no reason to wait any longer. */
  online(): void {
    if (this.state === "reconnecting" && this.road === null && this.asking === null) this.redial();
  }

  /** The network is gone; a socket would notice only minutes later. */
  offline(): void {
    if (this.state === "connected" && this.road?.mends === false) {
      this.road.abandon();
      this.closed({ ...LOST, mayReturn: true });
    }
  }

  private async dial(): Promise<void> {
    const asking = new AbortController();
    this.asking = asking;
    const { signal } = asking;
    this.cancel = this.world.after(ANSWER_MS, () => {
      asking.abort();
      const words = `The server did not answer within ${ANSWER_MS / 1000} seconds.`;
      this.refused(new SessionError("unreachable", words));
    });
    let opening: Opening;
    try {
      opening = await this.hooks.authorize(this.state === "reconnecting", signal);
    } catch (error) {
      if (!signal.aborted) this.refused(error as SessionError);
      return;
    }
    if (signal.aborted) return;
    this.cancel();
    this.hooks.answered(opening, signal);
    if (signal.aborted) return;
    this.asking = null;
    try {
      this.road = this.hooks.road(opening, {
        opened: (mended) => this.opened(mended),
        wavers: () => this.wavers(),
        message: (message) => this.hooks.message(message),
        sound: (pcm, turn) => this.hooks.sound(pcm, turn),
        words: (segment) => this.hooks.words(segment),
        delivered: (id) => this.hooks.delivered(id),
        unsure: () => this.hooks.unsure(),
        named: (name) => this.hooks.named(name),
        video: (element) => this.hooks.video(element),
        closed: (end) => this.closed(end),
      });
    } catch (error) {
      const words = `The browser opens no line to ${opening.url}: ${String(error)}`;
      this.refused(new SessionError("bad_answer", words, 400));
    }
  }

  private redial(): void {
    this.cancel();
    void this.dial();
  }

  private opened(mended: boolean): void {
    this.openedAt = this.world.now();
    this.waiting?.resolve();
    this.move("opened");
    this.hooks.opened(mended);
  }

  /** The road is lost for a while; it says itself when it is there again, or never will be. */
  private wavers(): void {
    if (this.state === "connected") this.broke();
  }

  /** Begins to wait for the line to come back; tells whether anybody still does. */
  private broke(): boolean {
    const now = this.world.now();
    if (this.attempt === 0 || now - this.openedAt >= STEADY_MS) {
      this.attempt = 0;
      this.brokenAt = now;
    }
    const waiting = new Promised<void>();
    this.waiting = waiting;
    this.move("dropped");
    return this.still("reconnecting", waiting);
  }

  /** Authorize was refused: final while the user waits for it, else as the table says. */
  private refused(error: SessionError): void {
    this.asking = null;
    this.cancel();
    const meaning = afterRefusal(error.status, error.code);
    if (meaning === "retry" && this.state === "reconnecting") {
      this.retry((error.retryAfter ?? 0) * 1000);
    } else {
      this.down(meaning === "ended" ? "ended" : "failed", error, meaning !== "ended");
    }
  }

  private closed({ move, mayReturn, status, why }: RoadEnd): void {
    this.road = null;
    if (this.state === "connected" && move === "dropped") {
      if (this.broke()) this.retry(0);
    } else if (this.state === "reconnecting" && move === "dropped") {
      this.retry(0);
    } else {
      const error = new SessionError(why.code, why.message, status);
      this.down(move === "dropped" ? "failed" : move, error, mayReturn);
    }
  }

  private retry(atLeastMs: number): void {
    const now = this.world.now();
    if (givesUp(now - this.brokenAt)) {
      const words = "The line broke, and the server could not be reached again in time.";
      this.down("failed", new SessionError("line_lost", words), true);
      return;
    }
    const wait = Math.max(atLeastMs, delayMs(this.attempt++, this.world.random()));
    this.cancel();
    this.cancel = this.world.after(wait, () => this.redial());
  }

  private down(move: LineMove, error: SessionError, mayReturn: boolean): void {
    this.release();
    this.waiting?.reject(error);
    this.move(move, error, mayReturn);
  }

  private release(): void {
    this.cancel();
    this.asking?.abort();
    this.asking = null;
    this.road?.abandon();
    this.road = null;
  }

  /** Whether a listener that heard of the state left it as it is. */
  private still(state: LineState, waiting: Promised<void>): boolean {
    return this.state === state && this.waiting === waiting;
  }

  private move(move: LineMove, error: SessionError | null = null, mayReturn = true): void {
    this.state = step(this.state, move);
    this.hooks.state(this.state, error, mayReturn);
  }
}

const LOST = {
  move: "dropped",
  status: 1006,
  why: { code: "unreachable", message: "The network is gone." },
} as const;
