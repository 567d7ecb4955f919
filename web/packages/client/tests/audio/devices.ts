/** A browser's devices for the tests of the microphone: plugged in, pulled out, refused as a test says. */
import type { FromMicrophone } from "../../src/audio/protocol.js";
import { Microphone, type MicrophoneHooks } from "../../src/audio/microphone.js";

export class Track extends EventTarget {
  enabled = true;
  live = true;

  constructor(readonly device: string) {
    super();
  }

  getSettings(): { deviceId: string } {
    return { deviceId: this.device };
  }

  get label(): string {
    return this.device;
  }

  stop(): void {
    this.live = false;
  }

  /** It is pulled out. */
  pull(): void {
    this.live = false;
    this.dispatchEvent(new Event("ended"));
  }
}

/** What `navigator.mediaDevices` is; an answer may be held back until `answer`. */
export class Devices extends EventTarget {
  plugged = ["built-in", "headset"];
  refuses: string | null = null;
  /** The browser will not say which devices there are. */
  secret = false;
  holds = false;
  readonly tracks: Track[] = [];
  private held: (() => void)[] = [];

  async getUserMedia({ audio }: { audio: { deviceId?: { exact: string } } }): Promise<object> {
    const wanted = audio.deviceId?.exact;
    if (this.holds) await new Promise<void>((answer) => this.held.push(answer));
    if (this.refuses !== null) throw new DOMException("", this.refuses);
    const device = this.plugged.find((one) => wanted === undefined || one === wanted);
    if (device === undefined) throw new DOMException("", wanted === undefined ? "NotFoundError" : "OverconstrainedError");
    const track = new Track(device);
    this.tracks.push(track);
    return { getAudioTracks: () => [track], getTracks: () => [track] };
  }

  async enumerateDevices(): Promise<{ kind: string; deviceId: string }[]> {
    if (this.secret) throw new DOMException("", "NotAllowedError");
    return [{ kind: "videoinput", deviceId: "camera" }, ...this.plugged.map((deviceId) => ({ kind: "audioinput", deviceId }))];
  }

  answer(): void {
    for (const answer of this.held.splice(0)) answer();
  }

  get live(): string[] {
    return this.tracks.filter((track) => track.live).map((track) => track.device);
  }
}

class Node {
  static last: Node;
  readonly port = {
    onmessage: null as ((event: { data: FromMicrophone }) => void) | null,
    postMessage(): void {},
  };

  constructor() {
    Node.last = this;
  }

  connect(): void {}
  disconnect(): void {}
}

export interface Desk {
  readonly devices: Devices;
  readonly microphone: Microphone;
  /** States, frames and voices, in their order. */
  readonly told: string[];
  /** The worklet says something. */
  says(message: FromMicrophone): void;
  /** Why the context takes no microphone, if it takes none. */
  readonly context: { refuses: string | null };
  /** Lets every promise that can go on do so. */
  settle(): Promise<void>;
}

export function desk(): Desk {
  const devices = new Devices();
  const told: string[] = [];
  Object.assign(globalThis, { AudioWorkletNode: Node });
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: devices }, configurable: true });
  const hooks: MicrophoneHooks = {
    frame: (pcm) => told.push(`frame ${pcm.length}`),
    voice: (what) => told.push(what),
    state: (state) => told.push(state),
    devices: (list) => told.push(`devices ${list.length}`),
    replaced: (label) => told.push(`replaced by ${label}`),
    failed: (reason) => told.push(reason),
  };
  const context = {
    destination: {},
    refuses: null as string | null,
    createMediaStreamSource(): Source {
      if (context.refuses !== null) throw new DOMException("", context.refuses);
      return new Source();
    },
  };
  const microphone = new Microphone(context as unknown as AudioContext, { inputRate: 16000, frameMs: 40 }, hooks);
  const node = Node.last;
  return {
    devices,
    microphone,
    told,
    context,
    says: (data) => node.port.onmessage?.({ data }),
    async settle() {
      for (let turn = 0; turn < 30; turn++) await Promise.resolve();
    },
  };
}

class Source {
  connect(): void {}
  disconnect(): void {}
}
