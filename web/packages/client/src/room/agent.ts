/** Which participant of a room is the session's agent, whether it hears us, and when it is gone. */
import { DisconnectReason } from "livekit-client";
import { type After, ON_BEHALF, STATE } from "./names.js";

/** What is looked at of a participant. */
export interface Person {
  readonly identity: string;
  readonly isAgent: boolean;
  readonly isActive: boolean;
  readonly name?: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface AgentHooks {
  /** It is known who the agent is. */
  known(agent: Person): void;
  state(state: string): void;
  /** What is written from now on reaches the agent. */
  linked(): void;
  /** It is really gone, and no other came. */
  gone(): void;
}

/** An agent that vanished while the line was mended may be back within so many ms. */
const GRACE_MS = 5000;
/** A room that was deleted tells so itself, and why. */
const ENDING_MS = 1000;
/** An agent that takes no tracks has seen us by now: who has none is announced after 2.9 s. */
const SURELY_MS = 4000;
const SILENT: ReadonlySet<string> = new Set(["", "initializing"]);

export class AgentWatch {
  identity = "";
  private state = "";
  private heard = false;
  private told = false;
  private mending = false;
  /** It went while the line was mended: that is looked at afterwards. */
  private missed = false;
  private leaving: (() => void) | null = null;
  private surely: () => void = () => {};

  constructor(
    private readonly people: () => Iterable<Person>,
    private readonly hooks: AgentHooks,
    private readonly after: After,
  ) {}

  /** Whether it is there, and said that it listens. */
  get ready(): boolean {
    return this.identity !== "" && !SILENT.has(this.state);
  }

  get linked(): boolean {
    return this.ready && this.heard && this.there?.isActive === true;
  }

  /** Whether this is the agent, or an avatar that publishes on its behalf. */
  isAgents(person: Person): boolean {
    return this.identity !== "" && [person.identity, onBehalf(person)].includes(this.identity);
  }

  /** Takes up the agent that is in the room, or lets the one go that is not any more. */
  look(): void {
    for (const person of this.people()) this.connected(person);
    if (this.identity !== "" && this.there === undefined) this.goes(GRACE_MS);
  }

  connected(person: Person): void {
    if (!person.isAgent || onBehalf(person) !== "") return;
    const other = this.identity !== person.identity;
    if (other && this.identity !== "" && this.leaving === null && !this.missed) return;
    this.leaving?.();
    this.leaving = null;
    this.missed = false;
    if (other) {
      this.forget();
      this.identity = person.identity;
      this.surely = this.after(SURELY_MS, () => this.hears());
      this.hooks.known(person);
    }
    this.changed(person);
  }

  disconnected(person: Person, reason?: DisconnectReason): void {
    if (person.identity !== this.identity || this.leaving !== null) return;
    if (this.mending) this.missed = true;
    else this.goes(waits(reason));
  }

  /** Something about somebody changed. */
  changed(person: Person): void {
    if (person.identity !== this.identity) return;
    const state = person.attributes[STATE] ?? "";
    if (state !== this.state && state !== "") {
      this.state = state;
      this.hooks.state(state);
    }
    this.tell();
  }

  /** The agent took a track of ours: then it knows us. */
  hears(): void {
    this.heard = true;
    this.tell();
  }

  mends(mending: boolean): void {
    this.mending = mending;
    if (!mending) this.look();
  }

  /** We came into the room anew: the agent has to take our tracks again before it knows us. */
  anew(): void {
    this.heard = this.told = false;
    this.surely();
    this.surely = this.after(SURELY_MS, () => this.hears());
  }

  close(): void {
    this.leaving?.();
    this.surely();
  }

  private get there(): Person | undefined {
    return [...this.people()].find(({ identity }) => identity === this.identity);
  }

  private tell(): void {
    if (this.told || !this.linked) return;
    this.told = true;
    this.hooks.linked();
  }

  private goes(ms: number): void {
    this.leaving ??= this.after(ms, () => {
      this.leaving = null;
      this.missed = false;
      if (this.there !== undefined) return;
      this.forget();
      for (const person of this.people()) this.connected(person);
      if (this.identity === "") this.hooks.gone();
    });
  }

  private forget(): void {
    this.surely();
    this.identity = this.state = "";
    this.heard = this.told = false;
  }
}

/** For whom a participant publishes; empty for itself, and for people, who might pretend. */
export function onBehalf(person: Person): string {
  return person.isAgent ? (person.attributes[ON_BEHALF] ?? "") : "";
}

function waits(reason: DisconnectReason | undefined): number {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
    case DisconnectReason.PARTICIPANT_REMOVED:
    case DisconnectReason.ROOM_DELETED:
      return ENDING_MS;
    default:
      return GRACE_MS;
  }
}
