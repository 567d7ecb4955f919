/** One microphone for all components that look at the same session or room. */
import type { Carrier, Microphone, MicrophonePermission } from "./types.js";
import { failureOf, type MicrophoneFailure, said } from "./words.js";

const TICK_MS = 100;
/** As often as a level that is written into a page changes; drawings ask by themselves. */
const STEPS = 20;

export class MicrophoneStore {
  private readonly listeners = new Set<() => void>();
  private devices: readonly MediaDeviceInfo[] = [];
  private permission: MicrophonePermission = "unknown";
  private broke: MicrophoneFailure | null = null;
  private publishers = 0;
  private connected = false;
  private shown: Microphone;
  private deaf: () => void = () => {};
  private readonly acts: Pick<
    Microphone,
    "enable" | "disable" | "setMuted" | "toggle" | "selectDevice"
  >;

  constructor(private readonly carrier: Carrier) {
    this.acts = {
      enable: (deviceId) => this.attempt(() => carrier.publish(deviceId)),
      disable: () => this.attempt(() => carrier.unpublish()),
      setMuted: (muted) => this.attempt(() => carrier.setMuted(muted)),
      toggle: () => this.attempt(() => this.toggled()),
      selectDevice: (deviceId) => this.attempt(() => carrier.publish(deviceId)),
    };
    this.shown = this.look();
  }

  /** The same object until something changes. */
  readonly snapshot = (): Microphone => this.shown;

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.listeners.size === 0) this.deaf = this.open();
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      this.deaf();
      this.deaf = () => {};
    };
  };

  /** Takes the microphone whenever the line opens, until the function that comes back is called. */
  publishing(): () => void {
    this.publishers += 1;
    if (this.publishers === 1) this.take();
    return () => {
      this.publishers -= 1;
    };
  }

  /** How loud it is now, 0..1. */
  get level(): number {
    return this.shown.state === "on" ? this.carrier.level : 0;
  }

  /** Tells the level as it changes, in coarse steps. */
  readonly hearLevel = (listener: () => void): (() => void) => {
    let last = this.coarse();
    const timer = setInterval(() => {
      const now = this.coarse();
      if (now === last) return;
      last = now;
      listener();
    }, TICK_MS);
    return () => clearInterval(timer);
  };

  readonly coarse = (): number => Math.round(this.level * STEPS) / STEPS;

  // ------------------------------------------------------------ within

  private open(): () => void {
    const ended = new AbortController();
    const { signal } = ended;
    const unwatch = this.carrier.watch(() => this.changed());
    const media = navigator.mediaDevices as MediaDevices | undefined;
    media?.addEventListener("devicechange", () => void this.list(), { signal });
    void this.list();
    void this.permit(signal);
    this.connected = false;
    this.changed();
    return () => {
      ended.abort();
      unwatch();
    };
  }

  private async toggled(): Promise<void> {
    const { state } = this.carrier;
    if (state === "on" || state === "muted") await this.carrier.setMuted(state === "on");
    else if (state !== "asking") await this.carrier.publish();
  }

  /** What fails is shown, for a button can do nothing with it. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    this.broke = null;
    try {
      await work();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      // What the state says already is over when the state is.
      if (failureOf(this.carrier.state) === null) this.broke = { ...said("MIC_FAILED"), message: `${said("MIC_FAILED").message} (${words})` };
    }
    this.changed();
  }

  private changed(): void {
    const { state: before } = this.shown;
    const { connected, mending } = this.carrier;
    const opened = connected && !this.connected;
    if (!mending) this.connected = connected; // who comes back has what they had
    this.show();
    if (opened) this.take();
    if (this.shown.state === "on" && before !== "on") void this.list(); // now they have names
  }

  private take(): void {
    const free = ["off", "denied", "missing", "lost"].includes(this.carrier.state);
    if (this.publishers > 0 && this.carrier.connected && free) void this.acts.enable();
  }

  private async list(): Promise<void> {
    const media = navigator.mediaDevices as MediaDevices | undefined;
    const all = (await media?.enumerateDevices().catch(() => [])) ?? [];
    this.devices = all.filter((one) => one.kind === "audioinput" && one.deviceId !== "");
    this.show();
  }

  private async permit(signal: AbortSignal): Promise<void> {
    // Firefox knows the word only since lately, and rejects it before.
    const name = "microphone" as PermissionName;
    const status = await navigator.permissions?.query({ name }).catch(() => null);
    if (!status || signal.aborted) return;
    const tell = (): void => {
      this.permission = status.state;
      this.show();
    };
    status.addEventListener("change", tell, { signal });
    tell();
  }

  private show(): void {
    const next = this.look();
    const same = (Object.keys(next) as (keyof Microphone)[]).every((k) => next[k] === this.shown[k]);
    if (same) return;
    this.shown = next;
    for (const listener of [...this.listeners]) listener();
  }

  private look(): Microphone {
    const { state, deviceId, connected, notice } = this.carrier;
    const failure = failureOf(state) ?? this.broke;
    const isEnabled = state === "on" || state === "muted";
    const known = isEnabled ? "granted" : state === "denied" ? "denied" : this.permission;
    return Object.freeze({
      state,
      permission: known,
      isEnabled,
      isMuted: state === "muted",
      devices: this.devices,
      deviceId,
      notice: connected ? notice : null,
      error: failure?.message ?? null,
      errorCode: failure?.code ?? null,
      ...this.acts,
    });
  }
}
