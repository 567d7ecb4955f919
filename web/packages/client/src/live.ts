/** The moving parts of a session, and who hears of what: line, sound, words and the right to come back. */
import { type Authorize, authorizer, wish } from "./authorize.js";
import { asNotice, Connection, type ConnectionHooks } from "./connection.js";
import { SessionError } from "./error.js";
import type { Events } from "./events.js";
import { afterRefusal, type LineState } from "./line.js";
import { browserMemory } from "./memory.js";
import { Playback } from "./playback.js";
import { Resume } from "./resume.js";
import { Tail } from "./tail.js";
import type { AgentState, SessionEvents, SessionOptions } from "./types.js";
import { FRAME_MS, Voice } from "./voice.js";
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

export class Live implements ConnectionHooks {
  agentState: AgentState = "idle";
  config: SessionConfig | null = null;
  conversationId: string | null = null;
  resumed: "live" | "rebuilt" | null = null;
  failure: SessionError | null = null;
  /** Whether the server was told that this client hears. */
  ready = false;

  readonly line: Connection;
  readonly voice: Voice;
  readonly playback: Playback;
  readonly writing: Writing;
  readonly right: Resume;
  private readonly ask: Authorize;
  private readonly deaf: (() => void)[];
  private readonly tail = new Tail((pcm) => this.line.sendSound(pcm));
  private hearing: Promise<void> = Promise.resolve();
  private fresh = false;

  constructor(
    private readonly options: SessionOptions,
    world: World,
    private readonly events: Events<SessionEvents>,
  ) {
    const base = (options.baseUrl ?? world.origin).replace(/\/+$/, "");
    const memory = options.memory === undefined ? browserMemory() : options.memory;
    const worklet = options.workletUrl ?? new URL("./worklet.js", import.meta.url);
    this.ask = authorizer(base, options, world.fetch);
    this.line = new Connection(`${base.replace(/^http/, "ws")}/v1/agents/web/websocket`, this, world);
    this.right = new Resume(`duologue ${base} ${options.agent}`, memory, world, (possible) =>
      events.emit("resumability", possible),
    );
    this.playback = new Playback({
      send: (message) => this.line.send(message),
      cut: (turn) => this.writing.cut(turn),
    });
    this.writing = new Writing(
      (message) => this.line.send(message),
      (entries) => events.emit("transcript", entries),
      world,
    );
    const hooks = {
      microphone: (pcm: Int16Array) => {
        if (this.ready) this.tail.frame(pcm as Int16Array<ArrayBuffer>);
      },
      played: this.playback.played.bind(this.playback),
      micState: (state: SessionEvents["microphone"]) => {
        this.fallSilent();
        events.emit("microphone", state);
      },
      soundState: (state: SessionEvents["sound"]) => {
        this.fallSilent();
        events.emit("sound", state);
      },
      devices: (list: MediaDeviceInfo[]) => events.emit("devices", list),
      failed: (error: SessionError) => {
        if (this.voice.audio === null) this.playback.deafen();
        events.emit("error", error);
      },
    };
    this.voice = new Voice(worklet, world, hooks, options.microphone ?? true);
    this.deaf = [
      world.hear("online", () => this.line.online()),
      world.hear("offline", () => this.line.offline()),
      world.hear("pagehide", () => this.hidden()),
    ];
  }

  /** Opens the line; while it opens, or is open, this changes nothing. */
  connect(fresh: boolean): Promise<void> {
    if (["idle", "disconnected", "failed"].includes(this.line.state)) {
      this.fresh = fresh;
      this.failure = null;
    }
    return this.line.connect();
  }

  leave(): void {
    this.playback.cut();
    this.line.leave();
  }

  /** Lets go of everything that a session holds. */
  release(): void {
    this.leave();
    this.voice.close();
    this.right.close();
    for (const stop of this.deaf) stop();
  }

  // ------------------------------------------------------------ the line

  /** Asks for a session; what cannot be resumed any more is begun anew, and the user is told. */
  async authorize(returning: boolean, signal: AbortSignal): Promise<AuthorizeAnswer> {
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
      if (signal.aborted) throw error; // whoever heard of it has left
      return this.ask(wish(this.options, null), signal);
    }
  }

  answered(answer: AuthorizeAnswer, signal: AbortSignal): void {
    const { resume_token: token = null, conversation_id: id, config } = answer;
    this.right.attach(token, id, config.tabs === "share");
    if (!signal.aborted && answer.conversation_id !== this.conversationId) this.writing.anew();
    if (signal.aborted) return; // by a listener that has just heard of it
    this.config = answer.config;
    this.conversationId = answer.conversation_id;
    this.resumed = answer.resumed ?? null;
    this.playback.tells = answer.config.capabilities.includes("played");
    this.playback.rate = answer.config.audio.output_rate;
    this.hearing = this.voice.open(answer.config);
    this.playback.audio = this.voice.audio;
  }

  opened(): void {
    void this.hears();
  }

  sound(pcm: Int16Array, turn: string | null): void {
    this.playback.sound(pcm, turn);
  }

  state(state: LineState, error: SessionError | null, mayReturn: boolean): void {
    if (state !== "connected") this.ready = false;
    if (state === "connecting") this.become("initializing");
    if (state === "reconnecting") {
      this.right.lost();
      this.writing.broke();
    }
    if (state === "disconnected" || state === "failed") {
      this.failure = error;
      // A token that another tab's newer one replaced is void, but the user may follow it there.
      this.end(mayReturn || (error?.code === "conversation_not_found" && this.right.elsewhere));
    }
    if (this.line.state !== state) return; // a listener has moved on, and what follows was told
    this.events.emit("state", state);
    if (state === "failed" && error !== null) this.events.emit("error", error);
  }

  message(message: ServerMessage): void {
    switch (message.type) {
      case "turn.start":
        if (message.role === "user") this.playback.cut();
        else this.playback.begin(message.turn_id);
        break;
      case "response.end":
        this.playback.sent(message.turn_id);
        break;
      case "turn.end":
        this.playback.ended(message.turn_id, this.voice.sound === "blocked");
        break;
      case "agent.state":
        if (AGENT_STATES.has(message.state)) this.become(message.state as AgentState);
        break;
      case "agent.tool": {
        const { name, call_id: callId, status } = message;
        this.events.emit("tool", { name, callId, status });
        break;
      }
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

  /** Says that it hears when it does; before that, how far the turn was heard that broke off. */
  private async hears(): Promise<void> {
    const { config } = this;
    await this.hearing;
    // Meanwhile a listener may have left, or the line broken and come back.
    if (this.line.state !== "connected" || this.config !== config) return;
    this.playback.audio = this.voice.audio;
    this.playback.reopened();
    this.line.send({ type: "client.ready" });
    this.ready = true;
    this.fallSilent(); // muted while the line was broken
    this.writing.open(this.resumed === null || !config?.capabilities.includes("resume"));
  }

  /** Ends what the user said for a server that hears by itself, when nothing comes after it. */
  private fallSilent(): void {
    const { config, voice } = this;
    if (!this.ready || config === null || config.transcription.trigger === "push_to_talk") return;
    // A blocked context records nothing either.
    if (voice.microphone === "on" && voice.sound === "on") return;
    this.tail.close(config.audio.input_rate, FRAME_MS);
  }

  private end(mayReturn: boolean): void {
    this.tail.forget();
    this.writing.end();
    this.playback.broke();
    this.playback.forget();
    this.playback.audio = null;
    this.voice.close();
    if (mayReturn) this.right.detach(this.failure?.code === "replaced");
    else this.right.forget();
    this.become("idle");
  }

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
}
