/** The page's end of the microphone on a socket: a device, and the worklet that makes frames of it. */
import { Device, type DeviceHooks } from "./device.js";
import { drawn } from "./level.js";
import { type FromMicrophone, MICROPHONE, type MicrophoneSetup, type ToMicrophone } from "./protocol.js";
import type { Source } from "./seam.js";

export interface MicrophoneHooks extends Omit<DeviceHooks, "use"> {
  frame(pcm: Int16Array): void;
  voice(what: "began" | "ended", over: boolean): void;
  failed(reason: string): void;
}

export class Microphone {
  /** 0..1 of what is sent or would be. */
  level = 0;
  private source: MediaStreamAudioSourceNode | null = null;
  private readonly node: AudioWorkletNode;
  private readonly device: Device;
  private muted = false;
  private gate = true;

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
    this.device = new Device({
      use: (stream) => this.use(stream),
      state: (state) => hooks.state(state),
      devices: (list) => hooks.devices(list),
      replaced: (label) => hooks.replaced(label),
    });
  }

  get id(): string | null {
    return this.device.id;
  }

  /** Asks for a device, or changes to it; never rejects: the state says what came of it. */
  start(source?: Source): Promise<void> {
    return this.device.start(source);
  }

  stop(): void {
    this.device.stop();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.device.setMuted(muted);
  }

  setGate(open: boolean): void {
    this.gate = open;
  }

  close(): void {
    this.device.close();
    this.node.port.onmessage = null;
    const last: ToMicrophone = { do: "close" };
    this.node.port.postMessage(last);
    this.node.disconnect();
  }

  private use(stream: MediaStream | null): void {
    // First, for what the context cannot take leaves the one before it as it was.
    const source = stream && this.context.createMediaStreamSource(stream);
    this.source?.disconnect();
    this.source = source;
    if (source === null) this.level = 0;
    else source.connect(this.node);
  }

  private hear(message: FromMicrophone): void {
    if (this.source === null) return; // it was on its way when the microphone was closed
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
}
