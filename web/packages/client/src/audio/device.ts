/** A microphone as a device: asks for it, changes it, loses it, and takes the next one. */
import type { MicrophoneState, Source } from "./seam.js";

export interface DeviceHooks {
  /** This is heard from now on, or nothing; what it throws refuses the stream, which is given back. */
  use(stream: MediaStream | null): void;
  state(state: MicrophoneState): void;
  devices(list: MediaDeviceInfo[]): void;
  /** The one that was heard is gone, and this took its place; null where nothing shall. */
  replaced(label: string | null): void;
}

/** What is heard, and whether it is ours to end. */
interface Held {
  readonly stream: MediaStream;
  readonly own: boolean;
}

export class Device {
  private state: MicrophoneState = "off";
  private held: Held | null = null;
  /** Counts the wishes, so that an answer that comes too late is given back. */
  private wish = 0;
  private muted = false;
  private readonly closing = new AbortController();

  constructor(private readonly hooks: DeviceHooks) {
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.changed(), this.closing);
  }

  /** The one that is heard; null while none is, or where the browser does not say. */
  get id(): string | null {
    return this.held?.stream.getAudioTracks()[0]?.getSettings().deviceId || null;
  }

  /** Asks for a device, or changes to it; never rejects: the state says what came of it. */
  async start(source?: Source): Promise<void> {
    if (source === undefined || typeof source === "string") return this.ask(source, null);
    this.wish++;
    try {
      this.use({ stream: new MediaStream([source]), own: false });
    } catch {
      return this.become("lost");
    }
    await this.tellDevices(); // another one may be heard, though the state is the same
  }

  stop(): void {
    this.wish++;
    this.release();
    this.become("off");
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    for (const track of this.held?.stream.getAudioTracks() ?? []) track.enabled = !muted;
    if (this.held !== null) this.become(muted ? "muted" : "on");
  }

  close(): void {
    this.closing.abort();
    this.stop();
  }

  /** `lost`: the state if it fails because the device that was used has gone. */
  private async ask(deviceId: string | undefined, lost: "lost" | null): Promise<void> {
    const wish = ++this.wish;
    // Insecure pages have no mediaDevices, whatever the types say.
    if ((navigator.mediaDevices as MediaDevices | undefined)?.getUserMedia === undefined) {
      return this.become("unsupported");
    }
    if (this.held === null) this.become("asking");
    try {
      const stream = await asked(deviceId);
      if (wish !== this.wish) return end(stream);
      this.use({ stream, own: true });
    } catch (error) {
      // One that is in use goes on when another cannot be had.
      if (wish === this.wish && this.held === null) this.become(refusal(error, lost));
      return;
    }
    await this.tellDevices(); // with permission they have names
  }

  private use(next: Held): void {
    const { held } = this;
    try {
      this.hooks.use(next.stream);
    } catch (error) {
      if (next.own) end(next.stream);
      throw error;
    }
    if (held?.own) end(held.stream);
    this.held = next;
    for (const track of next.stream.getAudioTracks()) {
      track.addEventListener("ended", () => void this.gone(next), this.closing);
    }
    this.setMuted(this.muted);
  }

  /** It was unplugged, or taken away; our own `stop` does not come here. */
  private async gone(held: Held): Promise<void> {
    if (held !== this.held) return;
    this.release();
    if (!held.own) {
      // A track of the page's is what the page chose to be heard: nobody hears the room instead.
      this.become("off");
      return this.hooks.replaced(null);
    }
    await this.ask(undefined, "lost");
    const next = this.held?.stream.getAudioTracks()[0];
    if (next !== undefined) this.hooks.replaced(next.label);
  }

  private async changed(): Promise<void> {
    const devices = await this.tellDevices();
    const found = devices.length > 0 && (this.state === "lost" || this.state === "missing");
    if (found && !this.closing.signal.aborted) await this.ask(undefined, "lost");
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
    const { held } = this;
    this.held = null;
    if (held === null) return;
    this.hooks.use(null);
    if (held.own) end(held.stream);
  }

  private become(state: MicrophoneState): void {
    if (state === this.state) return;
    this.state = state;
    this.hooks.state(state);
  }
}

/** The device that was chosen, or any if it is not there any more. */
async function asked(deviceId: string | undefined): Promise<MediaStream> {
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
