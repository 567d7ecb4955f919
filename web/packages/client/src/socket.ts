/** One socket: its frames as messages and sound, its end as one close code. */
import { fromBase64, toBase64 } from "./base64.js";
import { afterClose, resumable } from "./line.js";
import { Pulse } from "./pulse.js";
import { quietly } from "./quietly.js";
import type { Road, RoadEnd, RoadHooks } from "./road.js";
import type { Notice } from "./types.js";
import type { ClientMessage, ServerMessage } from "./wire.js";
import type { World } from "./world.js";

type SocketHooks = Pick<RoadHooks, "opened" | "message" | "sound" | "closed">;

/** Ours alone: nobody left, the line is no good. The server waits for us to come back. */
const ABANDONED = 4000;
const HANDSHAKE_MS = 10_000;
/** Two seconds of the microphone: what waits longer would be heard too late. */
const BACKLOG_BYTES = 64_000;

export class Socket implements Road {
  readonly transport = "websocket";
  readonly room = null;
  readonly mends = false;
  private readonly line: WebSocket;
  private readonly cancel: () => void;
  private pulse: Pulse | null = null;
  private hooks: SocketHooks | null;
  private notice: Notice | null = null;

  /**
   * The key travels as a subprotocol, for addresses are logged. A server that `beats` is never
   * silent for long: if it is, the line is dead.
   */
  constructor(
    url: string,
    key: string,
    private readonly binary: boolean,
    beats: boolean,
    hooks: SocketHooks,
    world: Pick<World, "socket" | "after" | "now">,
  ) {
    this.hooks = hooks;
    this.line = world.socket(url, ["duologue", key]);
    this.line.binaryType = "arraybuffer";
    this.cancel = world.after(HANDSHAKE_MS, () => this.lost());
    this.line.onopen = () => {
      this.cancel();
      if (this.hooks === null) return;
      if (beats) this.pulse = new Pulse(world, () => this.lost());
      this.hooks.opened(false);
    };
    this.line.onmessage = (event: MessageEvent<unknown>) => {
      this.pulse?.heard();
      this.frame(event.data);
    };
    this.line.onclose = (event) => this.end(event.code);
  }

  /** Tells whether the message went out. */
  send(message: ClientMessage): boolean {
    const open = this.line.readyState === 1;
    if (open) this.line.send(JSON.stringify(message));
    return open;
  }

  /** Sends a frame of the microphone, unless the line is too slow for it to come in time. */
  sendSound(pcm: Int16Array<ArrayBuffer>): void {
    if (this.line.readyState !== 1 || this.line.bufferedAmount > BACKLOG_BYTES) return;
    if (this.binary) this.line.send(pcm);
    else this.send({ type: "client.audio", content: toBase64(pcm) });
  }

  /** The user goes. */
  leave(): void {
    this.send({ type: "client.end" });
    this.shut(1000);
  }

  /** The line is given up, and nobody left. */
  abandon(): void {
    this.shut(ABANDONED);
  }

  private shut(code: number): void {
    if (this.release() !== null) this.line.close(code);
  }

  /** Nobody answers: the line is given up before the browser notices. */
  private lost(): void {
    const hooks = this.release();
    this.line.close(ABANDONED);
    hooks?.closed(this.why(1006));
  }

  private end(code: number): void {
    this.release()?.closed(this.why(code));
  }

  /** The server says why in a notice before it closes; without one the code has to do. */
  private why(status: number): RoadEnd {
    const why = this.notice ?? CLOSES[status] ?? CLOSED;
    const move = afterClose(status) as RoadEnd["move"];
    return { move, mayReturn: resumable(status), status, why };
  }

  /** Whoever was told until now; nobody is from now on, and no timer runs. */
  private release(): SocketHooks | null {
    const { hooks } = this;
    this.hooks = null;
    this.cancel();
    this.pulse?.stop();
    return hooks;
  }

  private frame(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      this.hooks?.sound(new Int16Array(data, 0, data.byteLength >> 1), null);
      return;
    }
    const message = quietly(() => JSON.parse(String(data)) as ServerMessage | null);
    if (message?.type === "response.audio") {
      const pcm = quietly(() => fromBase64(message.content));
      if (pcm != null) this.hooks?.sound(pcm, message.turn_id);
    } else if (typeof message?.type === "string") {
      this.notice = (message.type === "response.data" && asNotice(message.content)) || this.notice;
      this.hooks?.message(message);
    }
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
