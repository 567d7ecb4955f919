/** The agent's turns as they are heard: what may still sound, and what the server learns of it. */
import type { AudioSeam, PlayedReason } from "./audio/seam.js";
import type { ClientMessage } from "./wire.js";

interface Turn {
  readonly id: string;
  /** How much of it left the loudspeaker, in ms. */
  heard: number;
  /** How much of it came, in ms. */
  came: number;
  /** Nothing of it will sound any more: it was heard to its end, or cut. */
  over: boolean;
  /** The server knows how it ended. */
  told: boolean;
}

/** How often a turn that is read tells its position: a server stops for a listener that is silent. */
const READ_MS = 200;

export interface PlaybackHooks {
  /** Tells whether the message went out. */
  send(message: ClientMessage): boolean;
  /** The turn is whole, and nothing of it sounds. */
  wrote(turn: string): void;
  /** The turn was cut while it sounded, or before. */
  cut(turn: string): void;
}

export class Playback {
  /** Where turns sound; without it they are taken as heard, for the user reads them. */
  audio: AudioSeam | null = null;
  /** Whether the server wants positions, and how many samples make a second. */
  tells = false;
  rate = 16_000;
  /** Turns of which more may come; a message without sound may begin while another turn speaks. */
  private open: Turn[] = [];
  /** The turn that sounds, or sounded last. */
  private turn: Turn | null = null;

  constructor(private readonly hooks: PlaybackHooks) {}

  /** A turn of the agent begins; what still sounds goes on until the new one sounds. */
  begin(id: string): void {
    if (this.turn?.id === id || this.open.some((turn) => turn.id === id)) return;
    this.open.push({ id, heard: 0, came: 0, over: false, told: false });
  }

  /** The next sound; of a turn that was cut nothing sounds again. */
  sound(pcm: Int16Array, id: string | null): void {
    const turn = id === null ? this.open.at(-1) : this.open.find((each) => each.id === id);
    if (turn === undefined || turn.over) return;
    if (turn !== this.turn) {
      this.stop();
      this.turn = turn;
      this.audio?.beginTurn();
    }
    turn.came += (pcm.length * 1000) / this.rate;
    if (this.audio !== null) this.audio.play(pcm);
    else if (turn.came - turn.heard >= READ_MS) this.played(turn.came, "tick");
  }

  /** Sound broke down: from now on what comes is read, and counts as heard. */
  deafen(): void {
    this.audio = null;
    const turn = this.turn;
    if (turn !== null && !turn.over && !this.open.includes(turn)) this.finish(turn, turn.came);
  }

  /** Everything of a turn came. */
  sent(id: string): void {
    const turn = this.closed(id);
    if (turn === undefined || turn.over) return;
    if (turn.came === 0) this.hooks.wrote(id);
    if (this.audio !== null && turn === this.turn) this.audio.endTurn();
    else this.finish(turn, turn.came);
  }

  /** The server closed a turn: one that sounds on was cut, unless nobody could hear it yet. */
  ended(id: string, blocked: boolean): void {
    this.closed(id);
    if (this.turn?.id === id && !blocked) this.stop();
  }

  /** Silence now; the rest of what began is never heard. */
  cut(): void {
    this.stop();
    for (const turn of this.open) {
      if (!turn.over) this.hooks.cut(turn.id);
      turn.over = true;
    }
  }

  /** The line broke: what came sounds no longer, and `reopened` tells how far it was. */
  broke(): void {
    this.open = [];
    if (this.turn !== null && !this.turn.over) this.silence(this.turn);
  }

  /** A new line is open: the server learns what the broken one could not tell it. */
  reopened(): void {
    this.position();
    this.forget();
  }

  forget(): void {
    this.open = [];
    this.turn = null;
  }

  /** Tells how much of the turn was heard, unless the server knows. */
  position(): void {
    const turn = this.turn;
    if (turn === null || turn.told) return;
    if (this.audio !== null && !turn.over) turn.heard = this.audio.playedMs;
    this.tell(turn);
  }

  /** What sound itself reports of the turn; how far a cut turn came is corrected here. */
  played(ms: number, why: PlayedReason): void {
    const turn = this.turn;
    if (turn === null || (turn.over && why !== "stopped")) return;
    turn.heard = ms;
    if (why === "dry") this.finish(turn, ms);
    else this.tell(turn);
  }

  /** Takes a turn from those of which more may come. */
  private closed(id: string): Turn | undefined {
    const turn = this.open.find((each) => each.id === id);
    this.open = this.open.filter((each) => each !== turn);
    return turn;
  }

  private stop(): void {
    const turn = this.turn;
    if (turn === null || turn.over) return;
    this.silence(turn);
    this.end(turn, "interrupted");
    this.hooks.cut(turn.id);
  }

  private silence(turn: Turn): void {
    if (this.audio !== null) turn.heard = this.audio.playedMs;
    turn.over = true;
    this.audio?.drop();
  }

  private finish(turn: Turn, ms: number): void {
    turn.heard = ms;
    turn.over = true;
    this.end(turn, "completed");
  }

  private end(turn: Turn, reason: "completed" | "interrupted"): void {
    this.tell(turn);
    turn.told = this.hooks.send({
      type: "trigger.response.audio.replay_finished",
      reason,
      turn_id: turn.id,
      played_ms: turn.heard,
    });
  }

  private tell(turn: Turn): void {
    if (!this.tells) return;
    this.hooks.send({ type: "client.played", turn_id: turn.id, played_ms: turn.heard });
  }
}
