/** What we say to the agent: in LiveKit's words or ours, and when it is heard. */
import type { LocalParticipant } from "livekit-client";
import type { ClientMessage, Opening } from "../wire.js";
import type { AgentWatch } from "./agent.js";
import { isOurs } from "./joining.js";
import { Mail } from "./mail.js";
import { type After, CHAT, CLIENT, OURS, TYPED } from "./names.js";

/** The past is told as soon as the agent knows us; after so long there is none. */
const PAST_MS = 10_000;
/** A typed message is confirmed as soon as it is a turn, and is sent so often. */
const CONFIRM_MS = 5000;
const TRIES = 4;

export interface LettersHooks {
  /** A typed message is out, and the agent is none that confirms it. */
  delivered(id: string): void;
  /** One is out for long: if the agent did not confirm it by now, it was lost. */
  unsure(): void;
  /** Nothing of the past will come. */
  noPast(): void;
}

export class Letters {
  private readonly mail: Mail;
  /** Whether our own server made the room: then its agent understands our packets. */
  private readonly ours: boolean;
  private readonly pushToTalk: boolean;
  /** Whether the agent tells the past first, before it takes anything new. */
  private returns: boolean;
  private heldBack = false;
  private cancel: () => void = () => {};
  /** How often each typed message went out since the room was mended last. */
  private readonly tries = new Map<string, number>();
  /** Asks once for all that is out, for what is unconfirmed is all sent again. */
  private asking: (() => void) | null = null;

  constructor(
    private readonly me: () => LocalParticipant,
    private readonly agent: AgentWatch,
    { token, resumed, config }: Opening,
    private readonly hooks: LettersHooks,
    private readonly after: After,
  ) {
    this.ours = isOurs(token);
    this.returns = this.ours && resumed !== null;
    this.pushToTalk = config.transcription.trigger === "push_to_talk";
    this.mail = new Mail((id) => this.out(id), after);
  }

  send(message: ClientMessage): void {
    switch (message.type) {
      case "client.response.text": {
        const { content = "", id = null } = message;
        // The agent has its reasons, and may have said them: others may still be asked for.
        if (id !== null && (this.tries.get(id) ?? 0) >= TRIES) break;
        const attributes = this.ours && id !== null ? { [TYPED]: id } : {};
        this.mail.post({ id, send: () => this.me().sendText(content, { topic: CHAT, attributes }) });
        break;
      }
      case "client.response.data": {
        const payload = bytes(message.data);
        this.mail.post({ id: null, send: () => this.me().publishData(payload, { reliable: true }) });
        break;
      }
      case "client.interrupt":
      case "trigger.turn.start":
      case "trigger.turn.end":
        void this.says(message);
        break;
      default: // what a room knows by itself: who hears, and how far
    }
  }

  /** Says something in our own words to an agent that understands them. */
  async says(message: ClientMessage): Promise<void> {
    if (!this.ours || this.agent.identity === "") return;
    const to = { topic: OURS, reliable: true, destinationIdentities: [this.agent.identity] };
    await this.me().publishData(bytes(message), to).catch(() => undefined);
  }

  /** Asks for packets of ours, where the token did not. */
  async introduce(): Promise<void> {
    if (!this.ours || this.me().attributes[CLIENT] !== undefined) return;
    await this.me().setAttributes({ [CLIENT]: "1" }).catch(() => undefined); // it may not be allowed
  }

  /** The agent hears what we write. */
  linked(): void {
    // Our microphone's switch is no button: there is one of its own.
    if (this.pushToTalk) void this.says({ type: "trigger.turn.end" });
    if (!this.returns) return this.settled();
    this.cancel();
    this.cancel = this.after(PAST_MS, () => {
      this.hooks.noPast();
      this.settled();
    });
  }

  /** The past was told, or there is none: what is written from now on comes after it. */
  settled(): void {
    this.cancel();
    this.returns = false;
    this.look();
  }

  /** The room is not what it was: LiveKit would take a letter now, and lose it. */
  holdsBack(back: boolean): void {
    this.heldBack = back;
    if (back) this.tries.clear(); // what is out may be lost with this line
    this.look();
  }

  /** We came into the room anew, and the agent tells us the past again. */
  anew(): void {
    this.cancel();
    this.returns = this.ours;
    this.agent.anew();
    this.look();
  }

  /** Letters leave while the agent takes them. */
  look(): void {
    this.mail.opens(this.agent.linked && !this.returns && !this.heldBack);
  }

  close(): void {
    this.cancel();
    this.asking?.();
    this.mail.close();
  }

  private out(id: string): void {
    if (!this.ours) return this.hooks.delivered(id);
    const tries = (this.tries.get(id) ?? 0) + 1;
    this.tries.set(id, tries);
    if (tries >= TRIES) return;
    this.asking ??= this.after(CONFIRM_MS, () => {
      this.asking = null;
      this.hooks.unsure();
    });
  }
}

function bytes(content: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(content));
}
