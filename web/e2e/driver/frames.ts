/** What a page's sockets carried: words as they are, and sound kept apart by the turn it belongs to. */
import type { WebSocket } from "playwright-core";

/** One frame of a page's socket, without its sound. */
export interface Frame {
  readonly socket: number;
  readonly way: "sent" | "received";
  readonly type: string;
  readonly turn: string | null;
  /** Bytes of sound in it. */
  readonly bytes: number;
  readonly text: string;
}

export class Frames {
  readonly all: Frame[] = [];
  private readonly sounds = new Map<string, Buffer[]>();
  private sockets = 0;

  /** Notes everything that a socket carries from now on. */
  watch(socket: WebSocket): void {
    const number = this.sockets++;
    let speaks: string | null = null;
    const note = (way: Frame["way"], payload: string | Buffer): void => {
      if (typeof payload !== "string") {
        const turn = way === "received" ? speaks : null;
        this.keep(turn ?? "", payload);
        const bytes = payload.length;
        this.all.push({ socket: number, way, type: "binary", turn, bytes, text: "" });
        return;
      }
      const frame = read(number, way, payload);
      if (frame.type === "turn.start" && payload.includes('"assistant"')) speaks = frame.turn;
      this.all.push(frame);
    };
    socket.on("framesent", ({ payload }) => note("sent", payload));
    socket.on("framereceived", ({ payload }) => note("received", payload));
  }

  /** The binary sound of a turn, or of the microphone where no turn is named, in base64. */
  sound(turn: string): string {
    return Buffer.concat(this.sounds.get(turn) ?? []).toString("base64");
  }

  private keep(turn: string, pcm: Buffer): void {
    const pieces = this.sounds.get(turn) ?? [];
    this.sounds.set(turn, pieces);
    pieces.push(pcm);
  }
}

function read(socket: number, way: Frame["way"], payload: string): Frame {
  let message: Record<string, unknown> = {};
  try {
    message = Object(JSON.parse(payload)) as Record<string, unknown>;
  } catch {
    // Tests send frames that are no JSON on purpose; Object() takes care of `null` and `17`.
  }
  const type = String(message["type"] ?? "");
  const sound = type === "client.audio" || type === "response.audio";
  const bytes = sound ? Buffer.from(String(message["content"]), "base64").length : 0;
  const turn = message["turn_id"] == null ? null : String(message["turn_id"]);
  return { socket, way, type, turn, bytes, text: sound ? "" : payload };
}
