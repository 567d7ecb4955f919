/** The moving parts of a session, and who hears of what: line, sound, words and the right to come back. */
import { microphoneGone } from "./codes.js";
import { Connection, type ConnectionHooks } from "./connection.js";
import { tell } from "./content.js";
import { Entrance } from "./entrance.js";
import type { SessionError } from "./error.js";
import type { Events } from "./events.js";
import type { LineState } from "./line.js";
import { browserMemory } from "./memory.js";
import { Playback } from "./playback.js";
import { Resume } from "./resume.js";
import type { Road, RoadHooks, Segment } from "./road.js";
import { Socket } from "./socket.js";
import { Tail } from "./tail.js";
import type { AgentActivity, Notice, SessionEvents, SessionOptions, Ticket } from "./types.js";
import { FRAME_MS, Voice } from "./voice.js";
import type { AgentFace, Opening, OpeningConfig, ServerMessage } from "./wire.js";
import type { World } from "./world.js";
import { Writing } from "./writing.js";

const AGENT_STATES: ReadonlySet<string> = new Set<AgentActivity>([
  "initializing",
  "idle",
  "listening",
  "thinking",
  "speaking",
]);

/** What a room tells of the words as a socket does: the past, or that there is none, and what was typed. */
const IN_ROOMS: ReadonlySet<string> = new Set(["conversation.history", "duologue.beat", "user.transcript"]);

export class Live implements ConnectionHooks {
  agentState: AgentActivity = "idle";
  agent: AgentFace | null = null;
  config: OpeningConfig | null = null;
  /** What the line was opened with last. */
  opening: Opening | null = null;
  videoElement: HTMLVideoElement | null = null;
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
  readonly entrance: Entrance;
  private readonly deaf: (() => void)[];
  private readonly tail = new Tail((pcm) => this.line.sendSound(pcm));
  private hearing: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: SessionOptions,
    private readonly world: World,
    private readonly events: Events<SessionEvents>,
  ) {
    const base = (options.baseUrl ?? world.origin).replace(/\/+$/, "");
    const memory = options.memory === undefined ? browserMemory() : options.memory;
    const worklet = options.workletUrl ?? new URL("./worklet.js", import.meta.url);
    this.line = new Connection(this, world);
    this.right = new Resume(`duologue ${base} ${options.agent}`, memory, world, (possible) =>
      events.emit("resumability", possible),
    );
    const told = (notice: Notice): void => events.emit("notice", notice);
    this.entrance = new Entrance(base, options, world, this.right, told);
    this.playback = new Playback({
      send: (message) => this.line.send(message),
      wrote: (turn) => this.writing.wrote(turn),
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
      replaced: (label: string | null) => events.emit("notice", microphoneGone(label)),
      element: (element: HTMLAudioElement | null) => events.emit("audioElement", element),
      failed: (error: SessionError) => {
        if (this.voice.audio === null) this.playback.deafen();
        events.emit("error", error);
      },
    };
    this.voice = new Voice(worklet, hooks, options.microphone ?? true);
    this.deaf = [
      world.hear("online", () => this.line.online()),
      world.hear("offline", () => this.line.offline()),
      world.hear("pagehide", () => this.hidden()),
    ];
  }

  /** Opens the line; while it opens, or is open, this changes nothing. */
  connect(fresh: boolean, ticket: Ticket | null): Promise<void> {
    if (["idle", "disconnected", "failed"].includes(this.line.state)) {
      this.entrance.fresh = fresh;
      this.entrance.ticket = ticket;
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

  authorize(returning: boolean, signal: AbortSignal): Promise<Opening> {
    if (returning) this.playback.broke();
    return this.entrance.ask(returning, signal);
  }

  answered(opening: Opening, signal: AbortSignal): void {
    const { resume_token: token, conversation_id: id, config, agent } = opening;
    this.right.attach(token, id, config.tabs === "share");
    const begun = id === "" && this.line.state === "connecting"; // a foreign room tells of no conversation
    if (!signal.aborted && (begun || id !== this.conversationId)) this.writing.anew();
    if (signal.aborted) return; // by a listener that has just heard of it
    this.opening = opening;
    this.config = config;
    this.conversationId = id;
    this.resumed = opening.resumed;
    this.playback.tells = config.capabilities.includes("played");
    this.playback.rate = config.audio?.output_rate ?? this.playback.rate;
    const rooms = opening.transport === "livekit" ? this.entrance.rooms : null;
    this.hearing = this.voice.open(config, (rooms ?? this.world).audio);
    this.playback.audio = this.voice.audio;
    if (agent.name !== "") this.face(agent);
  }

  road(opening: Opening, hooks: RoadHooks): Road {
    const { rooms } = this.entrance;
    if (opening.transport === "livekit" && rooms !== null) {
      return rooms.enter({ opening, audio: this.voice.audio, hooks, options: this.options });
    }
    const may = (name: string): boolean => opening.config.capabilities.includes(name);
    return new Socket(opening.url, opening.token, may("binary"), may("resume"), hooks, this.world);
  }

  opened(mended: boolean): void {
    void this.hears(mended);
  }

  sound(pcm: Int16Array, turn: string | null): void {
    this.playback.sound(pcm, turn);
  }

  words(segment: Segment): void {
    this.writing.told(segment);
  }

  delivered(id: string): void {
    this.writing.delivered(id);
  }

  unsure(): void {
    this.writing.again();
  }

  /** Where no door told how the agent shows itself, its name is all there is. */
  named(name: string): void {
    if (this.opening?.agent.name === "") this.face({ ...this.opening.agent, name });
  }

  video(element: HTMLVideoElement | null): void {
    if (element === this.videoElement) return;
    this.videoElement = element;
    this.events.emit("videoElement", element);
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
        // Somebody who shares the conversation may have heard it to its end a little sooner.
        if (message.interrupted === false) this.playback.sent(message.turn_id);
        else this.playback.ended(message.turn_id, this.voice.sound === "blocked");
        break;
      case "agent.state":
        if (AGENT_STATES.has(message.state)) this.become(message.state as AgentActivity);
        break;
      case "agent.tool": {
        const { name, call_id: callId, status } = message;
        this.events.emit("tool", { name, callId, status });
        break;
      }
      case "response.data":
        tell(message.content, this.events);
        break;
      default: // words alone, which are the transcript's
    }
    // In a room segments tell the rest; what comes of it before the past says nothing of that.
    if (IN_ROOMS.has(message.type) || this.opening?.transport !== "livekit") this.writing.heard(message);
  }

  // ------------------------------------------------------------ within

  /** Says that it hears when it does; before that, how far the turn was heard that broke off. */
  private async hears(mended: boolean): Promise<void> {
    const { config } = this;
    await this.hearing;
    // Meanwhile a listener may have left, or the line broken and come back.
    if (this.line.state !== "connected" || this.config !== config) return;
    this.playback.audio = this.voice.audio;
    this.playback.reopened();
    this.line.send({ type: "client.ready" });
    this.ready = true;
    this.fallSilent(); // muted while the line was broken
    const remembers = this.opening?.transport === "livekit" || config?.capabilities.includes("resume");
    this.writing.open(mended || this.resumed === null || !remembers);
  }

  /** Ends what the user said for a server that hears by itself, when nothing comes after it. */
  private fallSilent(): void {
    const { config, voice } = this;
    if (!this.ready || config === null || config.transcription.trigger === "push_to_talk") return;
    // A blocked context records nothing either.
    if (voice.microphone === "on" && voice.sound === "on") return;
    if (config.audio) this.tail.close(config.audio.input_rate, FRAME_MS);
  }

  private end(mayReturn: boolean): void {
    this.video(null);
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

  private face(agent: AgentFace): void {
    if (JSON.stringify(agent) === JSON.stringify(this.agent)) return;
    this.agent = agent;
    this.events.emit("agent", agent);
  }

  private become(state: AgentActivity): void {
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
