/** A session of another world: what components ask of a `LiveKitSession`, and nothing of a server. */
import type { LiveKitSession, Snapshot } from "@duologue/client";
import { IDLE } from "../src/held.js";
import type { Carrier } from "../src/microphone/types.js";

const CALM: Omit<Snapshot, "session"> = {
  agentId: "demo",
  baseUrl: "https://example.org",
  ...IDLE,
  connect: async () => {},
  disconnect: () => {},
  sendData: async () => {},
  subscribeToDataMessages: () => () => {},
};

export class FakeSession {
  readonly calls: string[] = [];
  readonly inputLevel = 0.25;
  readonly outputLevel = 0.5;
  snapshot = { ...CALM } as Snapshot;
  private readonly surfaces = new Set<() => void>();

  /** What the code under test takes it for. */
  get real(): LiveKitSession {
    return this as unknown as LiveKitSession;
  }

  show(change: Partial<Snapshot>): void {
    this.snapshot = Object.freeze({ ...this.snapshot, ...change });
    for (const surface of [...this.surfaces]) surface();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.surfaces.add(listener);
    return () => void this.surfaces.delete(listener);
  };

  connect = async (): Promise<void> => {
    this.calls.push("connect");
    this.show({ connectionState: "connected" });
  };

  disconnect(): void {
    this.calls.push("disconnect");
  }

  sendText(text: string): void {
    this.calls.push(`text ${text}`);
  }

  async publishMicrophone(track?: { deviceId: string }): Promise<void> {
    this.calls.push(`publish ${track?.deviceId ?? "any"}`);
    this.show({ microphone: "on" });
  }

  setMuted(muted: boolean): void {
    this.calls.push(muted ? "mute" : "unmute");
    this.show({ microphone: muted ? "muted" : "on" });
  }

  getRoom(): null {
    return null;
  }

  close(): void {
    this.calls.push("close");
  }
}

/** Carries a voice nowhere. */
export class FakeCarrier implements Carrier {
  connected = false;
  mending = false;
  state: Carrier["state"] = "off";
  deviceId: string | null = null;
  notice: string | null = null;
  level = 0.51;
  refuses: Error | null = null;
  readonly calls: string[] = [];
  private changed: () => void = () => {};

  become(change: Partial<Pick<FakeCarrier, "connected" | "mending" | "state" | "deviceId" | "notice">>): void {
    Object.assign(this, change);
    this.changed();
  }

  async publish(deviceId?: string): Promise<void> {
    this.calls.push(`publish ${deviceId ?? "any"}`);
    if (this.refuses !== null) throw this.refuses;
    this.deviceId = deviceId ?? this.deviceId;
    this.become({ state: "on" });
  }

  async unpublish(): Promise<void> {
    this.calls.push("unpublish");
    this.become({ state: "off" });
  }

  async setMuted(muted: boolean): Promise<void> {
    this.become({ state: muted ? "muted" : "on" });
  }

  watch(changed: () => void): () => void {
    this.changed = changed;
    return () => {
      this.changed = () => {};
    };
  }
}

/** Lets everything that waits for its turn have it. */
export function settled(): Promise<void> {
  return new Promise((done) => setTimeout(done, 5));
}
