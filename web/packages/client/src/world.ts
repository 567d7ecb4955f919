/** Everything of the browser that a session touches, so that its tests can be another world. */
import { Audio } from "./audio/audio.js";
import type { AudioFactory } from "./audio/seam.js";

export interface World {
  readonly fetch: typeof fetch;
  readonly socket: (url: string, protocols: string[]) => WebSocket;
  readonly audio: AudioFactory;
  /** UTC ms. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Does the work after so many ms, unless the function that comes back is called before. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** Hears `online`, `offline` and `pagehide` until the function that comes back is called. */
  readonly hear: (name: "online" | "offline" | "pagehide", listener: () => void) => () => void;
  readonly origin: string;
  readonly devices: () => Promise<MediaDeviceInfo[]>;
}

/** The page that this module was loaded into. */
export function browserWorld(): World {
  return {
    fetch: (...given) => globalThis.fetch(...given),
    socket: (url, protocols) => new WebSocket(url, protocols),
    audio: (options, hooks) => new Audio(options, hooks),
    now: () => Date.now(),
    random: () => Math.random(),
    after(ms, work) {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    hear(name, listener) {
      globalThis.addEventListener(name, listener);
      return () => globalThis.removeEventListener(name, listener);
    },
    origin: globalThis.location?.origin ?? "",
    async devices() {
      const all = await navigator.mediaDevices?.enumerateDevices();
      return (all ?? []).filter((device) => device.kind === "audioinput");
    },
  };
}
