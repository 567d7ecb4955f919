/** A person's own microphone in the agent's place, and the visitor in their ears: one socket for both. */
import { Audio as Sound } from "../../../client/src/audio/audio.js";
import type { AudioFactory, AudioSeam, MicrophoneState } from "../../../client/src/audio/seam.js";

export type VoiceState = "off" | "opening" | "on";

/** What of a WebSocket is used. */
export interface Socket {
  binaryType: BinaryType;
  readonly bufferedAmount: number;
  onmessage: ((event: MessageEvent<string | ArrayBuffer>) => unknown) | null;
  onclose: ((event: CloseEvent) => unknown) | null;
  send(pcm: ArrayBuffer): void;
  close(): void;
}

export interface Tools {
  open(url: string): Socket;
  sound: AudioFactory;
}

const BROWSER: Tools = {
  open: (url) => new WebSocket(url),
  sound: (options, hooks) => new Sound(options, hooks),
};
const RATE = 16_000;
const FRAME_MS = 20;
/** Bytes that may wait to leave, half a second: what is later than that is not worth being heard. */
const LATE = RATE;
/** Milliseconds that the visitor may be behind; then what waits is skipped. */
const BEHIND_MS = 600;
const ON = "Your microphone is on: the visitor hears you, and you hear the visitor.";
const UNWRITTEN = " What you say is not written down, for this agent understands no speech by itself.";
const WHY: Readonly<Partial<Record<MicrophoneState, string>>> = {
  denied: "Your browser lets this page use no microphone. Allow it beside the address, then try again.",
  missing: "There is no microphone. Connect one, then try again.",
  lost: "Your microphone is gone. Connect one, then try again.",
  unsupported: "A microphone can be used on pages by https, or from localhost, only.",
};
const CUT = "The line to the server broke. Try again.";
const OVER: Readonly<Record<string, string>> = {
  replaced: "You speak from another page now.",
  left: "",
  handed_back: "",
  ended: "",
};

interface Last {
  readonly type: "open" | "closing";
  readonly written?: boolean;
  readonly code?: string;
  readonly message?: string;
}

export class Voice {
  state: VoiceState = "off";
  private socket: Socket | null = null;
  private sound: AudioSeam | null = null;
  private gotMs = 0;

  constructor(
    private readonly url: string,
    /** The state, and what to say of it. */
    private readonly told: (state: VoiceState, words: string) => void,
    private readonly tools: Tools = BROWSER,
  ) {}

  /** Asks for the microphone first, for nobody shall wait for a person who is being asked. */
  async start(): Promise<void> {
    if (this.state !== "off") return;
    this.move("opening", "");
    const sound = this.tools.sound(
      { workletUrl: "/assets/worklet.js", inputRate: RATE, outputRate: RATE, frameMs: FRAME_MS, bargeIn: false },
      {
        microphone: (pcm) => this.send(pcm),
        micState: (state) => {
          if (sound === this.sound && WHY[state] !== undefined) this.stop(WHY[state]);
        },
        failed: (reason) => this.stop(`Your sound broke down: ${reason}`),
        played: () => undefined,
        soundState: () => undefined,
        devices: () => undefined,
        replaced: () => undefined,
        element: () => undefined,
      },
    );
    this.sound = sound;
    try {
      await sound.startMicrophone();
    } catch (error) {
      return this.stop(error instanceof Error ? error.message : String(error));
    }
    if (sound === this.sound) this.connect(sound);
  }

  /** Neither speaks nor hears any more. */
  stop(words = ""): void {
    const { socket, sound } = this;
    this.socket = this.sound = null;
    socket?.close();
    void sound?.close();
    this.move("off", words);
  }

  private connect(sound: AudioSeam): void {
    const socket = this.tools.open(this.url);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      if (typeof data === "string") this.hear(JSON.parse(data) as Last, sound);
      else this.play(new Int16Array(data), sound);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.stop(CUT);
    };
  }

  private hear(last: Last, sound: AudioSeam): void {
    if (last.type === "closing") return this.stop(OVER[last.code ?? ""] ?? last.message ?? "");
    this.begin(sound);
    this.move("on", last.written === true ? ON : ON + UNWRITTEN);
  }

  private begin(sound: AudioSeam): void {
    this.gotMs = 0;
    sound.beginTurn();
  }

  private play(pcm: Int16Array, sound: AudioSeam): void {
    if (this.gotMs - sound.playedMs > BEHIND_MS) {
      sound.drop();
      this.begin(sound);
    }
    this.gotMs += (pcm.length * 1000) / RATE;
    sound.play(pcm);
  }

  private send(pcm: Int16Array): void {
    const { socket } = this;
    if (socket === null || this.state !== "on" || socket.bufferedAmount > LATE) return;
    socket.send(pcm.buffer as ArrayBuffer);
  }

  private move(state: VoiceState, words: string): void {
    this.state = state;
    this.told(state, words);
  }
}

const SAYS: Readonly<Record<VoiceState, string>> = {
  off: "Speak yourself",
  opening: "Asking for your microphone",
  on: "Stop speaking",
};

/** The button below `root` that switches it; null where there is none, as for those who only look. */
export function voiceButton(root: HTMLElement): Voice | null {
  const button = root.querySelector<HTMLButtonElement>("button[data-voice]");
  const status = root.querySelector<HTMLElement>("[data-voice-says]");
  if (button === null || status === null) return null;
  const url = new URL(button.dataset["voice"] ?? "", root.ownerDocument.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const voice = new Voice(url.href, (state, words) => {
    button.textContent = SAYS[state];
    button.setAttribute("aria-pressed", String(state === "on"));
    button.disabled = state === "opening";
    root.toggleAttribute("data-voiced", state === "on");
    status.hidden = words === "";
    status.textContent = words;
  });
  button.addEventListener("click", () => {
    if (voice.state === "off") void voice.start();
    else voice.stop();
  });
  return voice;
}
