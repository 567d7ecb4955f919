/** `LiveKitSession`: a conversation as a widget has it, for surfaces of your own. */
import type { Room } from "livekit-client";

import { baseOf } from "./base.js";
import { safely } from "./callbacks.js";
import type { ControlledSession } from "./controlled.js";
import { Life } from "./life.js";
import { browserMemory } from "./memory.js";
import { type Agreement, check, coreOptions, type SessionOptions, type Told } from "./options.js";
import { Right } from "./right.js";
import { SessionCore } from "./session.js";
import type { Fixed } from "./telling.js";
import type { SessionEvents } from "./types.js";
import { browserWorld, type World } from "./world.js";

/** What a page publishes: a track of its own, or one of its microphones. */
export type Microphone = MediaStreamTrack | { readonly deviceId: string };
type Listener = (message: Record<string, unknown>) => void;

/**
 * One conversation with one agent, over a room or a socket as the server decides. Callbacks are
 * properties. The microphone is not published by itself: `publishMicrophone` does it on both roads.
 */
export class LiveKitSession extends Life {
  /** The one agent of this session. */
  readonly agentId: string;
  /** The server that it is asked of. */
  readonly baseUrl: string;
  protected readonly fixed: Fixed;
  private readonly ears = new Set<Listener>();
  private readonly asks: Told;

  /** @param world the browser; tests have one of their own. */
  constructor(options: SessionOptions, world: World = browserWorld()) {
    check(options, world.complain);
    const base = baseOf(options.baseUrl, import.meta.url, world.origin);
    const right = new Right(options.memory === undefined ? browserMemory() : options.memory);
    const asks = coreOptions(options, base, right);
    super(new SessionCore(asks, world), right, world);
    this.asks = asks;
    this.agentId = options.agentId;
    this.baseUrl = base;
    const { agentId, baseUrl, connect, disconnect, sendData, subscribeToDataMessages } = this;
    this.fixed = { agentId, baseUrl, connect, disconnect, sendData, subscribeToDataMessages, session: this };
    lead(connect, this);
    this.listen();
    this.core.on("data", (message) => {
      safely(() => this.onDataMessage?.(message));
      for (const ear of [...this.ears]) safely(() => ear(message as Record<string, unknown>));
    });
  }

  /** LiveKit's room; null on a socket, and while there is none. */
  getRoom(): Room | null {
    return this.core.room;
  }

  /** What the visitor agreed to, where the agent's owner asks for it: each request tells it from then on. */
  get consent(): Agreement | null {
    const { consent } = this.asks.sessionBody ?? {};
    return (consent as Agreement | undefined) ?? null;
  }

  set consent(agreed: Agreement | null) {
    this.asks.agreed = agreed;
  }

  /** How loud the microphone is now, 0..1. */
  get inputLevel(): number {
    return this.core.inputLevel;
  }

  /** How loud the agent is now, 0..1. */
  get outputLevel(): number {
    return this.core.outputLevel;
  }

  /** Whether this very tab was in the conversation until it reloaded: reason to go on unasked. */
  get reloaded(): boolean {
    return this.core.reloaded;
  }

  // ------------------------------------------------------------ what you say and show

  /** Lets the agent hear you; what fails is told to `onError`, also when it fails later. */
  publishMicrophone(track?: Microphone): Promise<void> {
    return this.heard(this.publish(track));
  }

  /** Gives the microphone back; what is typed goes on. */
  async unpublishMicrophone(): Promise<void> {
    this.core.unpublishMicrophone();
  }

  /** Shows the agent your camera; a socket carries no pictures. */
  publishCamera(track?: MediaStreamTrack): Promise<void> {
    return this.core.publishCamera(track);
  }

  unpublishCamera(): Promise<void> {
    return this.core.unpublishCamera();
  }

  /** Shows the agent your screen; a socket carries no pictures. */
  publishScreen(track?: MediaStreamTrack): Promise<void> {
    return this.core.publishScreen(track);
  }

  unpublishScreen(): Promise<void> {
    return this.core.unpublishScreen();
  }

  setMuted(muted: boolean): void {
    this.core.setMuted(muted);
  }

  /** Types a message. */
  sendText(text: string): void {
    this.core.sendText(text);
  }

  /** Sends data to the agent: `duologue.current().on_data` gets it. */
  readonly sendData = async (data: Record<string, unknown>): Promise<void> => {
    await this.core.sendData(data);
  };

  /** Silences the agent. */
  interrupt(): void {
    this.core.interrupt();
  }

  /** Push-to-talk: the button went down. */
  startTurn(): void {
    this.core.startTurn();
  }

  /** Push-to-talk: the button was let go. */
  endTurn(): void {
    this.core.endTurn();
  }

  /** The microphones there are; browsers name them only once one was allowed. */
  devices(): Promise<MediaDeviceInfo[]> {
    return this.core.devices();
  }

  /** Lets a page be heard whose browser waits for a click; call it from one. */
  unblockSound(): Promise<void> {
    return this.core.unblockSound();
  }

  // ------------------------------------------------------------ who is told

  /** Calls a surface at each new snapshot, until the function that comes back is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const surface = (): void => listener();
    this.surfaces.add(surface);
    return () => void this.surfaces.delete(surface);
  };

  /** Gives each data message of the agent, until the function that comes back is called. */
  readonly subscribeToDataMessages = (handler: Listener): (() => void) => {
    const ear: Listener = (message) => handler(message);
    this.ears.add(ear);
    return () => void this.ears.delete(ear);
  };

  /** Listens to what has no callback: `notice`, `tool`, `navigate`, `devices` and the others. */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (value: SessionEvents[Name]) => void,
  ): () => void {
    return this.core.on(name, listener);
  }

  private async publish(track: Microphone | undefined): Promise<void> {
    await this.core.publishMicrophone(track);
    await this.answered();
    if (this.microphoneTrouble !== null) throw this.microphoneTrouble;
  }

  /** Waits until the user has answered the browser's question for the microphone. */
  private async answered(): Promise<void> {
    if (this.core.microphone !== "asking") return;
    await new Promise<void>((done) => {
      const stop = this.core.on("microphone", (state) => {
        if (state === "asking") return;
        stop();
        done();
      });
    });
  }
}

/** Sessions by the function that opens them: it stays the same, whatever a page puts around it. */
const sessions = new WeakMap<ControlledSession["connect"], LiveKitSession>();

/** Says which session a `connect` of one's own opens. */
export function lead(connect: ControlledSession["connect"], session: LiveKitSession): void {
  sessions.set(connect, session);
}

/** The session behind a `ControlledSession`, also one that a page put together field by field. */
export function sessionBehind(controlled: ControlledSession): LiveKitSession | null {
  return sessions.get(controlled.connect) ?? null;
}
