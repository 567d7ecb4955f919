/** The line: authorizes, opens a socket, and comes back by itself when it breaks. */
import type { Authorize } from "./authorize.js";
import { SessionError } from "./error.js";
import {
  afterClose,
  afterRefusal,
  delayMs,
  givesUp,
  type LineMove,
  type LineState,
  resumable,
  step,
} from "./line.js";
import { Promised } from "./promised.js";
import { Socket } from "./socket.js";
import type { Notice } from "./types.js";
import type { AuthorizeAnswer, ClientMessage, ServerMessage } from "./wire.js";
import type { World } from "./world.js";

export interface ConnectionHooks {
  /** Asks for a session; `returning` is a line that broke. */
  authorize(returning: boolean, signal: AbortSignal): ReturnType<Authorize>;
  /** Takes the answer; a listener that hears of it may leave, and then `signal` is aborted. */
  answered(answer: AuthorizeAnswer, signal: AbortSignal): void;
  opened(): void;
  message(message: ServerMessage): void;
  sound(pcm: Int16Array, turn: string | null): void;
  /** After every change; `error` is why the line is down, where somebody else than the user did it. */
  state(state: LineState, error: SessionError | null, mayReturn: boolean): void;
}

/** A line that broke sooner after it opened counts as the same break. */
const STEADY_MS = 5000;
/** A request on a dead network would hang for minutes. */
const ANSWER_MS = 20_000;

export class Connection {
  state: LineState = "idle";
  private socket: Socket | null = null;
  private asking: AbortController | null = null;
  private cancel: () => void = () => {};
  private waiting: Promised<void> | null = null;
  private notice: Notice | null = null;
  private attempt = 0;
  private openedAt = 0;
  private brokenAt = 0;

  constructor(
    private readonly socketUrl: string,
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
    if (this.state === "connected") this.socket?.leave();
    this.release();
    this.waiting?.reject(new SessionError("left", "The session was left before it was open."));
    this.move("leave");
  }

  /** Tells whether the message went out. */
  send(message: ClientMessage): boolean {
    return this.socket?.send(message) ?? false;
  }

  sendSound(pcm: Int16Array<ArrayBuffer>): void {
    this.socket?.sendSound(pcm);
  }

  /** The network is there again: no reason to wait any longer. */
  online(): void {
    if (this.state === "reconnecting" && this.socket === null && this.asking === null) this.redial();
  }

  /** The network is gone; the socket itself would notice only minutes later. */
  offline(): void {
    if (this.state === "connected") {
      this.socket?.abandon();
      this.closed(1006);
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
    let answer: AuthorizeAnswer;
    try {
      answer = await this.hooks.authorize(this.state === "reconnecting", signal);
    } catch (error) {
      if (!signal.aborted) this.refused(error as SessionError);
      return;
    }
    if (signal.aborted) return;
    this.cancel();
    this.notice = null;
    this.hooks.answered(answer, signal);
    if (signal.aborted) return;
    this.asking = null;
    try {
      this.socket = this.attach(answer);
    } catch (error) {
      const words = `The browser opens no socket to ${this.socketUrl}: ${String(error)}`;
      this.refused(new SessionError("bad_answer", words, 400));
    }
  }

  private attach(answer: AuthorizeAnswer): Socket {
    const may = (name: string): boolean => answer.config.capabilities.includes(name);
    return new Socket(this.socketUrl, answer.client_session_key, may("binary"), may("resume"), {
      opened: () => this.opened(),
      message: (message) => this.heard(message),
      sound: (pcm, turn) => this.hooks.sound(pcm, turn),
      closed: (code) => this.closed(code),
    }, this.world);
  }

  private redial(): void {
    this.cancel();
    void this.dial();
  }

  private opened(): void {
    this.openedAt = this.world.now();
    this.waiting?.resolve();
    this.move("opened");
    this.hooks.opened();
  }

  private heard(message: ServerMessage): void {
    this.notice = (message.type === "response.data" && asNotice(message.content)) || this.notice;
    this.hooks.message(message);
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

  private closed(code: number): void {
    this.socket = null;
    const move = afterClose(code);
    if (this.state === "connected" && move === "dropped") {
      const now = this.world.now();
      if (this.attempt === 0 || now - this.openedAt >= STEADY_MS) {
        this.attempt = 0;
        this.brokenAt = now;
      }
      const waiting = new Promised<void>();
      this.waiting = waiting;
      this.move("dropped");
      if (this.still("reconnecting", waiting)) this.retry(0);
    } else if (this.state === "reconnecting" && move === "dropped") {
      this.retry(0);
    } else {
      this.down(move === "dropped" ? "failed" : move, this.why(code), resumable(code));
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
    this.socket?.abandon();
    this.socket = null;
  }

  /** Whether a listener that heard of the state left it as it is. */
  private still(state: LineState, waiting: Promised<void>): boolean {
    return this.state === state && this.waiting === waiting;
  }

  private move(move: LineMove, error: SessionError | null = null, mayReturn = true): void {
    this.state = step(this.state, move);
    this.hooks.state(this.state, error, mayReturn);
  }

  /** The server says why in a notice before it closes; without one the code has to do. */
  private why(code: number): SessionError {
    const { code: name, message } = this.notice ?? CLOSES[code] ?? CLOSED;
    return new SessionError(name, message, code);
  }
}

const CLOSED: Notice = { code: "unreachable", message: "The socket could not be opened." };
const CLOSES: Readonly<Record<number, Notice>> = {
  1000: { code: "ended", message: "The server closed the session." },
  1005: { code: "ended", message: "The server closed the session." },
  1009: { code: "too_large", message: "A message was too large for the server." },
  4001: { code: "replaced", message: "This conversation was opened in another place." },
  4002: { code: "ended", message: "The conversation was ended." },
  4003: { code: "insufficient_balance", message: "The balance is used up." },
  4004: { code: "revoked", message: "The key of this session was revoked." },
};

/** A notice in a message's data, or null where the data is the agent's own. */
export function asNotice(content: unknown): Notice | null {
  const found = content as ({ readonly type?: unknown } & Notice) | null;
  return found?.type === "duologue.notice" ? found : null;
}
