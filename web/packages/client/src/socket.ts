/** One socket: its frames as messages and sound, its end as one close code. */
import { fromBase64, toBase64 } from "./base64.js";
import { Pulse } from "./pulse.js";
import type { ClientMessage, ServerMessage } from "./wire.js";
import type { World } from "./world.js";

export interface SocketHooks {
  opened(): void;
  message(message: ServerMessage): void;
  /** Sound of a turn; without a turn, of the one that was started last. */
  sound(pcm: Int16Array, turn: string | null): void;
  /** Comes once, and never after `abandon` or `leave`. */
  closed(code: number): void;
}

/** Ours alone: nobody left, the line is no good. The server waits for us to come back. */
const ABANDONED = 4000;
const HANDSHAKE_MS = 10_000;
/** Two seconds of the microphone: what waits longer would be heard too late. */
const BACKLOG_BYTES = 64_000;

export class Socket {
  private readonly line: WebSocket;
  private readonly cancel: () => void;
  private pulse: Pulse | null = null;
  private hooks: SocketHooks | null;

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
      this.hooks.opened();
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
    hooks?.closed(1006);
  }

  private end(code: number): void {
    this.release()?.closed(code);
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
      this.hooks?.message(message);
    }
  }
}

/** What a frame holds; what cannot be read is nobody's, for it would be no better for an error. */
function quietly<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
