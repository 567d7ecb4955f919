/** A world of its own for a session: its clock, its network and its loudspeaker do what a test says. */
import type { AudioHooks, AudioOptions, AudioSeam, PlayedReason, Source } from "../src/audio/seam.js";
import type { Rooms } from "../src/road.js";
import type { Page, SessionRequest } from "../src/types.js";
import type { AuthorizeAnswer, Opening, ServerMessage } from "../src/wire.js";
import type { World } from "../src/world.js";

/** The body of a request, as the door reads it. */
type Asked = Partial<SessionRequest> & { readonly agentId?: string };

interface Due {
  at: number;
  readonly work: () => void;
}

/** Lets every promise that can go on do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

export class FakeSocket {
  binaryType = "blob";
  bufferedAmount = 0;
  readyState = 0;
  closedWith: number | null = null;
  readonly sent: Record<string, unknown>[] = [];
  readonly sounds: Int16Array[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(data: string | Int16Array): void {
    if (typeof data === "string") this.sent.push(JSON.parse(data) as Record<string, unknown>);
    else this.sounds.push(data);
  }

  close(code: number): void {
    this.readyState = 3;
    this.closedWith = code;
  }

  /** The server accepts. */
  async open(): Promise<void> {
    this.readyState = 1;
    this.onopen?.();
    await settled();
  }

  /** The server says something. */
  says(message: ServerMessage | { readonly type: string }): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  sounded(samples: number): void {
    this.onmessage?.({ data: new Int16Array(samples).buffer });
  }

  /** The line breaks, or the server closes it. */
  async ends(code: number): Promise<void> {
    this.readyState = 3;
    this.onclose?.({ code });
    await settled();
  }

  /** The types that were sent, in order. */
  get types(): unknown[] {
    return this.sent.map((message) => message["type"]);
  }
}

export class FakeAudio implements AudioSeam {
  microphoneId: string | null = null;
  inputLevel = 0.25;
  outputLevel = 0.5;
  playedMs = 0;
  readonly did: string[] = [];

  constructor(
    readonly options: AudioOptions,
    readonly hooks: AudioHooks,
    private readonly world: Pick<FakeWorld, "soundTrouble" | "soundOpens">,
  ) {}

  async open(): Promise<void> {
    await this.world.soundOpens;
    if (this.world.soundTrouble !== null) throw this.world.soundTrouble;
    this.hooks.soundState("on");
  }

  async startMicrophone(source?: Source): Promise<void> {
    this.microphoneId = typeof source === "object" ? null : (source ?? "any");
    this.did.push(`microphone ${typeof source === "object" ? "of the page" : (source ?? "any")}`);
    this.hooks.micState("on");
  }

  stopMicrophone(): void {
    this.did.push("no microphone");
  }

  setMuted(muted: boolean): void {
    this.did.push(muted ? "muted" : "unmuted");
  }

  setGate(open: boolean): void {
    this.did.push(open ? "gate open" : "gate shut");
  }

  beginTurn(): void {
    this.playedMs = 0;
    this.did.push("begin");
  }

  play(pcm: Int16Array): void {
    this.did.push(`play ${pcm.length}`);
  }

  endTurn(): void {
    this.did.push("end");
  }

  drop(): void {
    this.did.push("drop");
  }

  async resumeSound(): Promise<void> {
    this.hooks.soundState("on");
  }

  async close(): Promise<void> {
    this.did.push("close");
  }

  /** So much of the turn left the loudspeaker. */
  heard(ms: number, why: PlayedReason): void {
    this.playedMs = ms;
    this.hooks.played(ms, why);
  }
}

type Reply = Opening | AuthorizeAnswer | Response | Error;

export class FakeWorld implements World {
  readonly origin = "https://example.test";
  readonly sockets: FakeSocket[] = [];
  readonly audios: FakeAudio[] = [];
  readonly asked: { url: string; headers: Record<string, string>; body: Asked }[] = [];
  readonly complaints: string[] = [];
  rooms: (() => Promise<Rooms>) | null = null;
  before: Page | null = null;
  readonly replies: Reply[] = [];
  socketTrouble: Error | null = null;
  soundTrouble: Error | null = null;
  soundOpens: Promise<void> | null = null;
  chance = 0;
  private clock = 1_000_000;
  private timers = new Set<Due>();
  private readonly listeners = new Map<string, Set<() => void>>();

  readonly fetch = (async (url: string, init: RequestInit) => {
    this.asked.push({
      url,
      headers: init.headers as Record<string, string>,
      body: JSON.parse(String(init.body)) as Asked,
    });
    const reply = this.replies.shift() ?? answer();
    if (reply instanceof Error) throw reply;
    return reply instanceof Response ? reply : Response.json(reply);
  }) as typeof fetch;

  readonly socket = (url: string, protocols: string[]): WebSocket => {
    if (this.socketTrouble !== null) throw this.socketTrouble;
    const socket = new FakeSocket(url, protocols);
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  };

  readonly audio = (options: AudioOptions, hooks: AudioHooks): FakeAudio => {
    const audio = new FakeAudio(options, hooks, this);
    this.audios.push(audio);
    return audio;
  };

  readonly now = (): number => this.clock;
  readonly random = (): number => this.chance;

  readonly after = (ms: number, work: () => void): (() => void) => {
    const due = { at: this.clock + ms, work };
    this.timers.add(due);
    return () => this.timers.delete(due);
  };

  readonly hear = (name: string, listener: () => void): (() => void) => {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  };

  readonly page = (): Page | null => this.before;
  readonly complain = (words: string): void => void this.complaints.push(words);

  readonly devices = async (): Promise<MediaDeviceInfo[]> => [];

  /** Lets time pass, with everything that is due in it. */
  async pass(ms: number): Promise<void> {
    const end = this.clock + ms;
    for (;;) {
      const due = [...this.timers].sort((one, other) => one.at - other.at)[0];
      if (due === undefined || due.at > end) break;
      this.timers.delete(due);
      this.clock = Math.max(this.clock, due.at);
      due.work();
      await settled();
    }
    this.clock = end;
  }

  /** The laptop sleeps: nothing is done meanwhile, and what was due is done late, after `woken`. */
  async sleeps(ms: number, woken: () => void = () => {}): Promise<void> {
    this.clock += ms;
    woken();
    await this.pass(0);
  }

  /** Somebody sets the clock; timers do not care. */
  turnsBack(ms: number): void {
    this.clock -= ms;
    for (const due of this.timers) due.at -= ms;
  }

  happens(name: "online" | "offline" | "pagehide"): void {
    for (const listener of this.listeners.get(name) ?? []) listener();
  }

  /** What still waits for time or events: nothing, once a session is closed. */
  get waiting(): number {
    const listening = [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
    return this.timers.size + listening;
  }

  get line(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  get loudspeaker(): FakeAudio {
    return this.audios.at(-1)!;
  }
}

let count = 0;

/** An answer of the door, each with its own key and token. */
export function answer(given: Partial<Opening> = {}, trigger?: "push_to_talk"): Opening {
  count++;
  return {
    transport: "websocket",
    url: "wss://example.test/v1/agents/web/websocket",
    token: `dk_session_${count}`,
    room_name: null,
    conversation_id: "conv_1",
    session_id: `sess_${count}`,
    resumable: true,
    resume_token: `token_${count}`,
    resumed: null,
    agent: { name: "Desk", avatarImageUrl: null, idleLoopUrl: null },
    announce: null,
    config: {
      encryption: false,
      transcription: { trigger: trigger ?? "automatic", can_interrupt: true, automatic: !trigger },
      vad: { enabled: false, gate_audio: false, buffer_frames: 10 },
      audio: { input_rate: 16_000, output_rate: 16_000 },
      capabilities: ["binary", "mic16", "played", "resume", "agent_state", "tools"],
      tabs: "takeover",
    },
    ...given,
  };
}

/** An error as the server answers it. */
export function refusal(status: number, code: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: `The sentence of ${code}.`, code }, { status, headers });
}

/** A storage that lives in the test; one that is `broken` throws, as browsers' may. */
export class FakeStorage implements Storage {
  readonly kept = new Map<string, string>();
  broken = false;

  get length(): number {
    return this.kept.size;
  }

  clear(): void {
    this.kept.clear();
  }

  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    this.mayThrow();
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.mayThrow();
    this.kept.set(key, value);
  }

  removeItem(key: string): void {
    this.mayThrow();
    this.kept.delete(key);
  }

  private mayThrow(): void {
    if (this.broken) throw new DOMException("no storage here", "SecurityError");
  }
}
