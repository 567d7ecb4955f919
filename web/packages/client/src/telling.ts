/** What a `LiveKitSession` shows, and how surfaces and callbacks hear that it is another. */
import { Callbacks, safely } from "./callbacks.js";
import { codeOf, microphoneTrouble } from "./codes.js";
import type { AgentConfig, ConnectionState, Snapshot } from "./controlled.js";
import type { SessionError } from "./error.js";
import type { LineState } from "./line.js";
import type { SessionCore } from "./session.js";
import type { TranscriptEntry } from "./types.js";
import { AGENT, CONNECTION, faceOf, seen } from "./view.js";

/** Of a snapshot what never changes. */
export type Fixed = Pick<
  Snapshot,
  "agentId" | "baseUrl" | "connect" | "disconnect" | "sendData" | "subscribeToDataMessages" | "session"
>;

const NOTHING: readonly TranscriptEntry[] = Object.freeze([]);
/** Events after which something may look different; those of the line and of trouble come besides. */
const SEEN = [
  "agentState",
  "sound",
  "devices",
  "transcript",
  "resumability",
  "agent",
  "audioElement",
  "videoElement",
] as const;

export abstract class Telling extends Callbacks {
  protected readonly surfaces = new Set<() => void>();
  protected abstract readonly fixed: Fixed;
  protected face: AgentConfig | null = null;
  /** What is wrong, with its code for `onError`. */
  protected trouble: { readonly error: SessionError; readonly code: string } | null = null;
  protected microphoneTrouble: SessionError | null = null;
  protected readonly tools = new Map<string, string>();

  /** We left after a failure: that is what is shown. */
  protected left = false;
  /** A token is tried, and the door comes after it: what fails meanwhile is nobody's business. */
  protected trying = false;
  /** What the transcript was when it was cleared. */
  protected blank: readonly TranscriptEntry[] | null = null;
  protected wasOpen = false;
  /** The state of the line that was heard of last. */
  protected line: LineState = "idle";

  private newest: Snapshot | null = null;
  /** What the callbacks were told last. */
  private told: Snapshot | null = null;
  private busy = false;

  protected constructor(protected readonly core: SessionCore) {
    super();
  }

  /** All that a surface shows: frozen, and the same object until something changes. */
  get snapshot(): Snapshot {
    this.newest = seen(this.newest, this.made());
    return this.newest;
  }

  /** What went wrong last, in the server's own words and code; null since it went well. */
  get failure(): SessionError | null {
    return this.trouble?.error ?? null;
  }

  /** Whether `connect` goes on with the conversation: while it is open, and five minutes after. */
  abstract canResume(): boolean;
  /** The line has another state. */
  protected abstract moved(state: LineState): void;

  protected get isOpen(): boolean {
    return this.core.state === "connected" || this.core.state === "reconnecting";
  }

  protected get shown(): ConnectionState {
    const { state } = this.core;
    if (this.trying && state !== "connected") return "connecting";
    return state === "failed" && this.left ? "disconnected" : CONNECTION[state];
  }

  /** Hears the session beneath; called once, when all that a snapshot shows is there. */
  protected listen(): void {
    this.told = this.snapshot;
    const { core } = this;
    core.on("state", (state) => {
      this.line = state;
      this.moved(state);
      this.wasOpen = this.isOpen;
      this.changed();
    });
    core.on("microphone", (state) => {
      this.microphoneTrouble = microphoneTrouble(state);
      if (state === "on" && this.trouble?.code.startsWith("MIC_")) this.trouble = null;
      if (this.microphoneTrouble === null) this.changed();
      else this.wrong(this.microphoneTrouble);
    });
    core.on("error", (error) => this.wrong(error));
    core.on("tool", ({ callId, name, status }) => {
      if (status === "started") this.tools.set(callId, name);
      else this.tools.delete(callId);
      this.changed();
    });
    for (const name of SEEN) core.on(name, () => this.changed());
  }

  /** Tells what is different, until nothing is: who is told may change something. */
  protected changed(): void {
    // What goes with a state of the line is told together with it.
    if (this.busy || this.line !== this.core.state) return;
    this.busy = true;
    try {
      for (;;) {
        const before = this.told as Snapshot;
        const now = this.snapshot;
        if (now === before) return;
        this.told = now;
        this.tell(before, now);
        for (const surface of [...this.surfaces]) safely(surface);
      }
    } finally {
      this.busy = false;
    }
  }

  /** Tells a change of several things at once. */
  protected together(work: () => void): void {
    const within = this.busy;
    this.busy = true;
    try {
      work();
    } finally {
      this.busy = within;
    }
    this.changed();
  }

  /** Something failed: it is shown, and told once. */
  protected wrong(error: SessionError): void {
    if (error === this.trouble?.error || this.trying) return this.changed();
    const code = codeOf(error, error === this.core.failure && this.wasOpen);
    this.trouble = { error, code };
    this.changed();
    safely(() => this.onError?.(error.message, code));
  }

  /** A promise that a page may leave alone, as what fails is told to a callback or a surface. */
  protected heard(work: Promise<void>): Promise<void> {
    const promise = work.catch((error: unknown) => {
      if (this.onError || this.surfaces.size > 0) promise.catch(() => {});
      throw error;
    });
    return promise;
  }

  private made(): Snapshot {
    const { core, trouble, isOpen } = this;
    this.face = faceOf(this.face, core.agent);
    const empty = core.transcript.length === 0 || core.transcript === this.blank;
    return {
      ...this.fixed,
      connectionState: this.shown,
      agentState: isOpen ? AGENT[core.agentState] : "idle",
      transcript: empty ? NOTHING : core.transcript,
      agentConfig: this.face,
      videoElement: isOpen ? core.videoElement : null,
      audioElement: isOpen ? core.audioElement : null,
      canResume: this.canResume(),
      error: trouble?.error.message ?? null,
      errorCode: trouble?.code ?? null,
      retryAfter: trouble?.error.retryAfter ?? null,
      line: core.state,
      activity: core.agentState,
      microphone: core.microphone,
      microphoneId: core.microphoneId,
      sound: core.sound,
      pushToTalk: core.pushToTalk,
      tool: [...this.tools.values()].at(-1) ?? null,
      transport: core.transport,
      conversationId: core.conversationId,
      resumed: core.resumed,
      recorded: core.recorded,
    };
  }
}
