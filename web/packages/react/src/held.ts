/** The session of a component: made once it is shown or used, closed once it is shown no more. */
import { type LiveKitSession, lead, SessionError, type Snapshot } from "@duologue/client";
import type { LiveKitSessionState, SessionActs } from "./types.js";

/** What a session shows before anything happened. */
export const IDLE: Omit<Snapshot, "session" | "agentId" | "baseUrl" | keyof SessionActs> = {
  connectionState: "idle",
  agentState: "idle",
  transcript: [],
  agentConfig: null,
  videoElement: null,
  audioElement: null,
  canResume: false,
  error: null,
  errorCode: null,
  retryAfter: null,
  line: "idle",
  activity: "idle",
  microphone: "off",
  microphoneId: null,
  sound: "off",
  pushToTalk: false,
  tool: null,
  transport: null,
  conversationId: null,
  resumed: null,
  recorded: false,
};

/** Which session a room belongs to, so that whoever is handed the room finds the session. */
const owners = new WeakMap<object, LiveKitSession>();

/** The session that a room of `getRoom()` belongs to. */
export function ownerOf(room: object): LiveKitSession | null {
  return owners.get(room) ?? null;
}

export class Held {
  /** What the server renders, and the browser first: no browser is asked for it. */
  readonly idle: LiveKitSessionState;
  private readonly acts: SessionActs;
  private readonly listeners = new Set<() => void>();
  private session: LiveKitSession | null = null;
  private deaf: () => void = () => {};
  private over = false;
  private seen: Snapshot | null = null;
  private shown: LiveKitSessionState;

  constructor(
    /** What makes this session this one: another key is another session. */
    readonly key: string,
    agentId: string,
    baseUrl: string,
    private readonly make: () => LiveKitSession,
  ) {
    this.acts = this.actions();
    this.idle = Object.freeze({ ...IDLE, agentId, baseUrl, ...this.acts, session: null });
    this.shown = this.idle;
  }

  /** Shows the session to a component until the function that comes back is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.over = false;
    this.listeners.add(listener);
    this.need();
    return () => {
      this.listeners.delete(listener);
      // StrictMode lets go and takes hold again at once, which is no end.
      setTimeout(() => {
        if (this.listeners.size === 0) this.close();
      });
    };
  };

  /** The same object until something changes. */
  readonly snapshot = (): LiveKitSessionState => {
    const { session } = this;
    const now = session?.snapshot ?? null;
    if (now !== this.seen) {
      this.seen = now;
      this.shown = now === null ? this.idle : Object.freeze({ ...now, ...this.acts, session });
    }
    return this.shown;
  };

  private close(): void {
    if (this.over) return;
    this.over = true;
    this.deaf();
    this.session?.close();
    this.session = null;
  }

  /** A child may ask for it before the component that holds it is shown: effects run from within. */
  private need(): LiveKitSession {
    if (this.session !== null) return this.session;
    if (this.over) {
      const words = "The component that held this session is not shown any more, and it was closed.";
      throw new SessionError("closed", words);
    }
    const session = this.make();
    this.session = session;
    lead(this.acts.connect, session);
    this.deaf = session.subscribe(() => {
      for (const listener of [...this.listeners]) listener();
    });
    return session;
  }

  private actions(): SessionActs {
    return {
      connect: async () => this.need().connect(),
      connectWithToken: async (url, token) => this.need().connectWithToken(url, token),
      disconnect: () => this.session?.disconnect(),
      reset: () => this.need().reset(),
      getRoom: () => {
        const room = this.session?.getRoom() ?? null;
        if (room !== null && this.session !== null) owners.set(room, this.session);
        return room;
      },
      sendText: async (text) => void (await this.need().sendText(text)),
      sendData: async (data) => void (await this.need().sendData(data)),
      subscribeToDataMessages: (handler) => this.need().subscribeToDataMessages(handler),
      publishMicrophone: async (track) => void (await this.need().publishMicrophone(track)),
      unpublishMicrophone: async () => void (await this.session?.unpublishMicrophone()),
      setMuted: (muted) => this.need().setMuted(muted),
      interrupt: () => this.session?.interrupt(),
      level: (of) => (of === "agent" ? this.session?.outputLevel : this.session?.inputLevel) ?? 0,
    };
  }
}
