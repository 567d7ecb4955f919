/** Everything of the browser that a session touches, so that its tests can be another world. */
import { loadRooms } from "./apart.js";
import { Audio } from "./audio/audio.js";
import type { AudioFactory } from "./audio/seam.js";
import type { Rooms } from "./road.js";
import type { Page } from "./types.js";

export interface World {
  readonly fetch: typeof fetch;
  readonly socket: (url: string, protocols: string[]) => WebSocket;
  readonly audio: AudioFactory;
  /** Loads what a room needs; null in a browser without WebRTC. */
  readonly rooms: (() => Promise<Rooms>) | null;
  /** UTC ms. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Does the work after so many ms, unless the function that comes back is called before. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** Hears `online`, `offline` and `pagehide` until the function that comes back is called. */
  readonly hear: (name: "online" | "offline" | "pagehide", listener: () => void) => () => void;
  readonly origin: string;
  /** The page that the user has before them, where there is one. */
  readonly page: () => Page | null;
  readonly devices: () => Promise<MediaDeviceInfo[]>;
  /** Tells something to whoever builds the page. */
  readonly complain: (words: string) => void;
}

/** The page that this module was loaded into. */
export function browserWorld(): World {
  return {
    fetch: (...given) => globalThis.fetch(...given),
    socket: (url, protocols) => new WebSocket(url, protocols),
    audio: (options, hooks) => new Audio(options, hooks),
    rooms: globalThis.RTCPeerConnection === undefined ? null : loadRooms,
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
    page() {
      const { location, document } = globalThis;
      if (location === undefined) return null;
      // What stands behind a ? or # may be anybody's secret.
      const { origin, pathname: path } = location;
      return { url: `${origin}${path}`, title: document.title, path };
    },
    async devices() {
      const all = await navigator.mediaDevices?.enumerateDevices();
      return (all ?? []).filter((device) => device.kind === "audioinput");
    },
    complain: (words) => console.error(words),
  };
}
