/** The page's end of the microphone: asks for it, changes it, loses it, and takes the next one. */
import { drawn } from "./level.js";
import { type FromMicrophone, MICROPHONE, type MicrophoneSetup, type ToMicrophone } from "./protocol.js";
import type { MicrophoneState } from "./seam.js";

export interface MicrophoneHooks {
  frame(pcm: Int16Array): void;
  voice(what: "began" | "ended", over: boolean): void;
  state(state: MicrophoneState): void;
  devices(list: MediaDeviceInfo[]): void;
  failed(reason: string): void;
}

export class Microphone {
  /** 0..1 of what is sent or would be. */
  level = 0;
  private state: MicrophoneState = "off";
  private stream: MediaStream | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private readonly node: AudioWorkletNode;
  /** Counts the wishes, so that an answer that comes too late is given back. */
  private wish = 0;
  private muted = false;
  private gate = true;
  private readonly closing = new AbortController();

  constructor(
    private readonly context: AudioContext,
    setup: MicrophoneSetup,
    private readonly hooks: MicrophoneHooks,
  ) {
    this.node = new AudioWorkletNode(context, MICROPHONE, {
      channelCount: 1,
      channelCountMode: "explicit",
      outputChannelCount: [1],
      processorOptions: setup,
    });
    this.node.port.onmessage = ({ data }: MessageEvent<FromMicrophone>) => this.hear(data);
    this.node.onprocessorerror = ({ message }) => hooks.failed(`the microphone's worklet threw: ${message}`);
    this.node.connect(context.destination); // it is silent; but what leads nowhere need not be run
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.changed(), this.closing);
  }

  /** Asks for a device, or changes to it; never rejects: the state says what came of it. */
  async start(deviceId?: string): Promise<void> {
    await this.open(deviceId, null);
  }

  stop(): void {
    this.wish++;
    this.release();
    this.become("off");
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !muted;
    if (this.stream !== null) this.become(muted ? "muted" : "on");
  }

  setGate(open: boolean): void {
    this.gate = open;
  }

  close(): void {
    this.closing.abort();
    this.stop();
    this.node.port.onmessage = null;
    const last: ToMicrophone = { do: "close" };
    this.node.port.postMessage(last);
    this.node.disconnect();
  }

  /** `lost`: the state if it fails because the device that was used has gone. */
  private async open(deviceId: string | undefined, lost: "lost" | null): Promise<void> {
    const wish = ++this.wish;
    // Insecure pages have no mediaDevices, whatever the types say.
    if ((navigator.mediaDevices as MediaDevices | undefined)?.getUserMedia === undefined) {
      return this.become("unsupported");
    }
    if (this.stream === null) this.become("asking");
    try {
      const stream = await ask(deviceId);
      if (wish !== this.wish) return end(stream);
      this.use(stream);
    } catch (error) {
      // One that is in use goes on when another cannot be had.
      if (wish === this.wish && this.stream === null) this.become(refusal(error, lost));
      return;
    }
    await this.tellDevices(); // with permission they have names
  }

  private use(stream: MediaStream): void {
    const source = this.sourceOf(stream);
    this.release();
    this.stream = stream;
    this.source = source;
    source.connect(this.node);
    for (const track of stream.getAudioTracks()) {
      track.addEventListener("ended", () => void this.gone(stream), this.closing);
    }
    this.setMuted(this.muted);
  }

  /** What the context cannot take is given back. */
  private sourceOf(stream: MediaStream): MediaStreamAudioSourceNode {
    try {
      return this.context.createMediaStreamSource(stream);
    } catch (error) {
      end(stream);
      throw error;
    }
  }

  /** It was unplugged, or taken away; our own `stop` does not come here. */
  private async gone(stream: MediaStream): Promise<void> {
    if (stream !== this.stream) return;
    this.release();
    await this.open(undefined, "lost");
  }

  private async changed(): Promise<void> {
    const devices = await this.tellDevices();
    const found = devices.length > 0 && (this.state === "lost" || this.state === "missing");
    if (found && !this.closing.signal.aborted) await this.open(undefined, "lost");
  }

  /** A browser that will not say which devices there are keeps nobody from talking. */
  private async tellDevices(): Promise<MediaDeviceInfo[]> {
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => null);
    if (all === null) return [];
    const devices = all.filter((device) => device.kind === "audioinput");
    if (!this.closing.signal.aborted) this.hooks.devices(devices);
    return devices;
  }

  private release(): void {
    this.source?.disconnect();
    this.source = null;
    if (this.stream !== null) end(this.stream);
    this.stream = null;
    this.level = 0;
  }

  private hear(message: FromMicrophone): void {
    if (this.stream === null) return; // it was on its way when the microphone was closed
    const sent = this.gate && !this.muted;
    switch (message.type) {
      case "frame":
        this.level = drawn(message.level);
        if (sent) this.hooks.frame(new Int16Array(message.pcm));
        return;
      case "voice":
        if (sent) this.hooks.voice(message.what, message.over);
        return;
      default:
        return message satisfies never;
    }
  }

  private become(state: MicrophoneState): void {
    if (state === this.state) return;
    this.state = state;
    this.hooks.state(state);
  }
}

/** The device that was chosen, or any if it is not there any more. */
async function ask(deviceId: string | undefined): Promise<MediaStream> {
  const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
  if (deviceId !== undefined) {
    try {
      const audio = { ...wanted, deviceId: { exact: deviceId } };
      return await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      if (!["OverconstrainedError", "NotFoundError"].includes(nameOf(error))) throw error;
    }
  }
  return navigator.mediaDevices.getUserMedia({ audio: wanted });
}

function end(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function refusal(error: unknown, lost: "lost" | null): MicrophoneState {
  switch (nameOf(error)) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return lost ?? "missing";
    case "TypeError":
      return "unsupported";
    default:
      return "lost"; // it is there, but another program holds it, or its driver fails
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
