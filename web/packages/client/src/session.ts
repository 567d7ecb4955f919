/** A conversation with an agent: one object for the page, which knows nothing of sockets and samples. */
import type { MicrophoneState, SoundState } from "./audio/seam.js";
import { type Authorize, authorizer, wish } from "./authorize.js";
import { asNotice, Connection } from "./connection.js";
import { SessionError } from "./error.js";
import { Events } from "./events.js";
import { afterRefusal, type LineState } from "./line.js";
import { browserMemory } from "./memory.js";
import { Playback } from "./playback.js";
import { Resume } from "./resume.js";
import type { AgentState, SessionEvents, SessionOptions, TranscriptEntry } from "./types.js";
import { Voice } from "./voice.js";
import type { AuthorizeAnswer, ServerMessage, SessionConfig } from "./wire.js";
import type { World } from "./world.js";
import { Writing } from "./writing.js";

const AGENT_STATES: ReadonlySet<string> = new Set<AgentState>([
  "initializing",
  "idle",
  "listening",
  "thinking",
  "speaking",
]);

export class SessionCore {
  agentState: AgentState = "idle";
  config: SessionConfig | null = null;
  conversationId: string | null = null;
  /** How the last connection came back to its conversation; null where it began a new one. */
  resumed: "live" | "rebuilt" | null = null;
  /** Why the line is down, where somebody else than the user did it. */
  failure: SessionError | null = null;

  private readonly events = new Events<SessionEvents>();
  private readonly line: Connection;
  private readonly voice: Voice;
  private readonly playback: Playback;
  private readonly writing: Writing;
  private readonly right: Resume;
  private readonly ask: Authorize;
  private readonly deaf: (() => void)[];
  private hearing: Promise<void> = Promise.resolve();
  private ready = false;
  private fresh = false;
  private closed = false;

  constructor(
    private readonly options: SessionOptions,
    private readonly world: World,
  ) {
    const base = (options.baseUrl ?? world.origin).replace(/\/+$/, "");
    const memory = options.memory === undefined ? browserMemory() : options.memory;
    this.ask = authorizer(base, options, world.fetch);
    this.right = new Resume(`duologue ${base} ${options.agent}`, memory, world, (possible) =>
      this.events.emit("resumability", possible),
    );
    this.playback = new Playback({
      send: (message) => this.line.send(message),
      cut: (turn) => this.writing.cut(turn),
    });
    this.writing = new Writing(
      (message) => this.line.send(message),
      (entries) => this.events.emit("transcript", entries),
      world.now,
    );
    const worklet = options.workletUrl ?? new URL("./worklet.js", import.meta.url);
    this.voice = new Voice(worklet, world, {
      microphone: (pcm) => this.ready && this.line.sendSound(pcm as Int16Array<ArrayBuffer>),
      played: (ms, why) => this.playback.played(ms, why),
      micState: (state) => this.events.emit("microphone", state),
      soundState: (state) => this.events.emit("sound", state),
      devices: (list) => this.events.emit("devices", list),
      failed: (error) => this.events.emit("error", error),
    }, options.microphone ?? true);
    this.line = new Connection(`${base.replace(/^http/, "ws")}/v1/agents/web/websocket`, {
      authorize: (returning, signal) => this.authorize(returning, signal),
      answered: (answer) => this.answered(answer),
      opened: () => void this.opened(),
      message: (message) => this.message(message),
      sound: (pcm, turn) => this.playback.sound(pcm, turn),
      state: (state, error, mayReturn) => this.moved(state, error, mayReturn),
    }, world);
    this.deaf = [
      world.hear("online", () => this.line.online()),
      world.hear("offline", () => this.line.offline()),
      world.hear("pagehide", () => this.hidden()),
    ];
  }

  get state(): LineState {
    return this.line.state;
  }

  get microphone(): MicrophoneState {
    return this.voice.microphone;
  }

  get sound(): SoundState {
    return this.voice.sound;
  }

  get transcript(): readonly TranscriptEntry[] {
    return this.writing.entries;
  }

  /** Whether the user holds a button to speak, by `startTurn` and `endTurn`. */
  get pushToTalk(): boolean {
    return this.config?.transcription.trigger === "push_to_talk";
  }

  get inputLevel(): number {
    return this.voice.audio?.inputLevel ?? 0;
  }

  get outputLevel(): number {
    return this.voice.audio?.outputLevel ?? 0;
  }

  /** Whether this very tab was in the conversation until it reloaded: reason to go on unasked. */
  get reloaded(): boolean {
    return this.right.reloaded;
  }

  /** Whether `connect()` would go on with the last conversation. */
  canResume(): boolean {
    return this.right.possible;
  }

  /** Opens the line, to the last conversation if it can be resumed; `fresh` begins a new one. */
  connect(options: { readonly fresh?: boolean } = {}): Promise<void> {
    if (this.closed) {
      return Promise.reject(new SessionError("closed", "This session was closed. Make a new one."));
    }
    if (["idle", "disconnected", "failed"].includes(this.state)) {
      this.fresh = options.fresh ?? false;
      this.failure = null;
    }
    return this.line.connect();
  }

  /** Leaves; the conversation may be resumed for five minutes. Idempotent. */
  disconnect(): void {
    this.playback.cut();
    this.line.leave();
  }

  /** Types a message; it is shown at once, and sent when the line is open. */
  sendText(text: string): void {
    if (text.trim() === "") return;
    this.mustBeThere("sendText");
    const goes = this.writing.type(text);
    if (goes && this.config?.transcription.can_interrupt) this.playback.cut();
  }

  /** Sends JSON to the agent's code; it interrupts nothing. */
  sendData(data: unknown): void {
    this.mustBeThere("sendData");
    this.writing.post({ type: "client.response.data", data });
  }

  /** Silences the agent. */
  interrupt(): void {
    this.playback.cut();
    if (this.ready) this.line.send({ type: "client.interrupt" });
  }

  /** Push-to-talk: the button went down. */
  startTurn(): void {
    this.mustBePushed();
    if (this.config?.transcription.can_interrupt) this.playback.cut();
    this.voice.audio?.setGate(true);
    this.line.send({ type: "trigger.turn.start" });
  }

  /** Push-to-talk: the button was let go. */
  endTurn(): void {
    this.mustBePushed();
    this.voice.audio?.setGate(false);
    this.line.send({ type: "trigger.turn.end" });
  }

  setMuted(muted: boolean): void {
    this.voice.setMuted(muted);
  }

  /** Takes the microphone, or another one; `microphone` tells how it went. */
  enableMicrophone(deviceId?: string): Promise<void> {
    return this.voice.enable(deviceId);
  }

  /** The microphones there are; browsers name them only once one was allowed. */
  devices(): Promise<MediaDeviceInfo[]> {
    return this.world.devices();
  }

  /** Lets a page be heard whose browser waits for a click; call it from one. */
  async unblockSound(): Promise<void> {
    await this.voice.audio?.resumeSound();
  }

  /** Listens until the function that comes back is called. */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (value: SessionEvents[Name]) => void,
  ): () => void {
    return this.events.on(name, listener);
  }

  /** Leaves, and lets go of the sound, every listener and every timer. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.disconnect();
    this.closed = true;
    this.voice.close();
    this.right.close();
    for (const stop of this.deaf) stop();
    this.events.clear();
  }

  // ------------------------------------------------------------ the line

  /** Asks for a session; what cannot be resumed any more is begun anew, and the user is told. */
  private async authorize(returning: boolean, signal: AbortSignal): Promise<AuthorizeAnswer> {
    if (returning) this.playback.broke();
    const kept = returning ? this.right.own : this.fresh ? null : this.right.newest();
    try {
      return await this.ask(wish(this.options, kept), signal);
    } catch (error) {
      const { status, code, message } = error as SessionError;
      const over = kept !== null && afterRefusal(status, code) === "ended";
      if (returning || !over || signal.aborted) throw error;
      this.right.forget();
      this.events.emit("notice", { code, message });
      return this.ask(wish(this.options, null), signal);
    }
  }

  private answered(answer: AuthorizeAnswer): void {
    if (answer.conversation_id !== this.conversationId) this.writing.anew();
    this.config = answer.config;
    this.conversationId = answer.conversation_id;
    this.resumed = answer.resumed ?? null;
    if (answer.resume_token != null) {
      this.right.attach(answer.resume_token, answer.conversation_id);
    }
    this.playback.tells = answer.config.capabilities.includes("played");
    this.playback.rate = answer.config.audio.output_rate;
    this.hearing = this.voice.open(answer.config);
    this.playback.audio = this.voice.audio;
  }

  /** Says that it hears when it does; before that, how far the turn was heard that broke off. */
  private async opened(): Promise<void> {
    const config = this.config;
    await this.hearing;
    if (this.state !== "connected" || this.config !== config || this.ready) return;
    this.playback.audio = this.voice.audio;
    this.playback.reopened();
    this.line.send({ type: "client.ready" });
    this.ready = true;
    this.writing.open(this.resumed === null || !config?.capabilities.includes("resume"));
  }

  private moved(state: LineState, error: SessionError | null, mayReturn: boolean): void {
    if (state !== "connected") this.ready = false;
    if (state === "connecting") this.become("initializing");
    if (state === "reconnecting") {
      this.right.lost();
      this.writing.broke();
    }
    if (state === "disconnected" || state === "failed") {
      this.failure = error;
      this.writing.end();
      this.playback.broke();
      this.playback.forget();
      this.playback.audio = null;
      this.voice.close();
      if (mayReturn) this.right.detach();
      else this.right.forget();
      this.become("idle");
    }
    this.events.emit("state", state);
    if (state === "failed" && error !== null) this.events.emit("error", error);
  }

  // ------------------------------------------------------------ what the server says

  private message(message: ServerMessage): void {
    switch (message.type) {
      case "turn.start":
        if (message.role === "user") this.playback.cut();
        else this.playback.begin(message.turn_id);
        break;
      case "response.end":
        this.playback.sent(message.turn_id);
        break;
      case "turn.end":
        this.playback.ended(message.turn_id, this.sound === "blocked");
        break;
      case "agent.state":
        if (AGENT_STATES.has(message.state)) this.become(message.state as AgentState);
        break;
      case "agent.tool":
        this.events.emit("tool", {
          name: message.name,
          callId: message.call_id,
          status: message.status,
        });
        break;
      case "response.data": {
        const notice = asNotice(message.content);
        if (notice === null) this.events.emit("data", message.content);
        else this.events.emit("notice", { code: notice.code, message: notice.message });
        break;
      }
      default: // words alone, which are the transcript's
    }
    this.writing.heard(message);
  }

  // ------------------------------------------------------------ within

  private become(state: AgentState): void {
    if (state === this.agentState) return;
    this.agentState = state;
    this.events.emit("agentState", state);
  }

  /** The page goes, perhaps to come back: the server learns to the sample what was heard. */
  private hidden(): void {
    if (this.ready) this.playback.position();
    this.right.alive();
  }

  private mustBeThere(what: string): void {
    if (["connecting", "connected", "reconnecting"].includes(this.state)) return;
    const words = `${what} needs a session that is open, and this one is ${this.state}. Call connect() first.`;
    throw new SessionError("not_connected", words);
  }

  private mustBePushed(): void {
    this.mustBeThere("A turn");
    if (this.pushToTalk) return;
    const words = "This agent hears when the user speaks; only with push_to_talk turns are begun by hand.";
    throw new SessionError("not_push_to_talk", words);
  }
}
