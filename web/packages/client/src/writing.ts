/** What is written in a conversation: its transcript, and what the user types or sends before the line is open. */
import type { Segment } from "./road.js";
import {
  delivered,
  EMPTY,
  heard,
  interrupted,
  told,
  type Transcript,
  typed,
  unconfirmed,
  unspoken,
} from "./transcript.js";
import type { TranscriptEntry } from "./types.js";
import type { ClientData, ClientMessage, ServerMessage } from "./wire.js";
import type { World } from "./world.js";

export class Writing {
  private words: Transcript = EMPTY;
  private outbox: ClientData[] = [];
  private ready = false;
  /** Whether the server told what it knows, so that what it does not know can be sent again. */
  private settled = false;
  private count = 0;
  /** Ours alone: the server takes a message with an id that it knows for one that it has. */
  private readonly mark: string;

  constructor(
    private readonly send: (message: ClientMessage) => void,
    private readonly changed: (entries: readonly TranscriptEntry[]) => void,
    private readonly world: Pick<World, "now" | "random">,
  ) {
    this.mark = world.random().toString(36).slice(2);
  }

  get entries(): readonly TranscriptEntry[] {
    return this.words.entries;
  }

  /** Whether what is typed goes out at once. */
  get flows(): boolean {
    return this.ready && this.settled;
  }

  /** Another conversation begins: only what was typed for it already stays. */
  anew(): void {
    this.become({ ...EMPTY, entries: unconfirmed(this.words), waiting: this.words.waiting });
  }

  /** The line is open; `told` says that the server has no history to send first. */
  open(told: boolean): void {
    this.ready = true;
    for (const message of this.outbox.splice(0)) this.send(message);
    if (told || this.settled) this.settle();
  }

  /** The line broke. */
  broke(): void {
    this.ready = false;
    this.settled = false;
  }

  /** The line is down; what nobody confirmed is not sent any more. */
  end(): void {
    this.broke();
    this.outbox = [];
    this.words = { ...this.words, waiting: [] };
  }

  /** Shows a typed message at once; it goes out now, or when the line is open. */
  type(text: string): void {
    const id = `typed-${this.mark}-${++this.count}`;
    this.become(typed(this.words, id, text, this.world.now()));
    if (this.flows) this.send({ type: "client.response.text", content: text, id });
  }

  post(message: ClientData): void {
    if (this.ready) this.send(message);
    else this.outbox.push(JSON.parse(JSON.stringify(message)) as ClientData); // as it is now
  }

  heard(message: ServerMessage): void {
    this.become(heard(this.words, message, this.world.now()));
    // History comes first of all; where something else does, there is none.
    if (this.settled && message.type !== "conversation.history") return;
    if (this.ready) this.settle();
    else this.settled = true;
  }

  /** A room told more of a segment. */
  told(segment: Segment): void {
    this.become(told(this.words, segment, this.world.now()));
  }

  /** Sends what nobody confirmed once more: it may be lost. */
  again(): void {
    if (this.flows) this.settle();
  }

  /** A typed message is on its way, and nobody will confirm it. */
  delivered(id: string): void {
    this.become(delivered(this.words, id));
  }

  /** No voice says this turn of the agent. */
  wrote(turn: string): void {
    this.become(unspoken(this.words, turn));
  }

  cut(turn: string): void {
    this.become(interrupted(this.words, turn));
  }

  /**
   * Sends what was typed and nobody confirmed: the line may have broken under it. What the server
   * has, and did not tell yet, it knows by its id.
   */
  private settle(): void {
    this.settled = true;
    for (const { id, text } of unconfirmed(this.words)) {
      this.send({ type: "client.response.text", content: text, id });
    }
  }

  private become(words: Transcript): void {
    const { entries } = this.words;
    this.words = words;
    if (words.entries !== entries) this.changed(words.entries);
  }
}
