/** Everything of the browser that the tracker touches, so that its tests can be another world. */

export interface TrackerWorld {
  /** UTC ms. */
  readonly now: () => number;
  /** Ms of a clock that nobody sets. */
  readonly ticks: () => number;
  /** Ten random bytes. */
  readonly random: () => Uint8Array;
  /** Does the work after so many ms, unless the function that comes back is called before. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** Whether the browser takes it, to be sent though the page goes away. */
  readonly beacon: (url: string, body: string) => boolean;
  readonly post: (url: string, body: string) => Promise<Response>;
  /** Null where the page may not use any. */
  readonly storage: () => Storage | null;
  readonly location: Location;
  /** Where the script came from. */
  readonly script: string;
  readonly title: () => string;
  readonly referrer: () => string;
  readonly visible: () => boolean;
  readonly online: () => boolean;
  /** Whether the browser asks not to be tracked: Do-Not-Track, or Global Privacy Control. */
  readonly objects: () => boolean;
  /** Does the work once the page is really shown: at once, unless it was loaded in advance. */
  readonly shown: (work: () => void) => () => void;
  readonly hear: (where: "window" | "document", name: string, listener: (event: never) => void) => () => void;
  /** Hears that a script gave the page another address. */
  readonly navigated: (listener: () => void) => () => void;
  readonly complain: (words: string) => void;
}

/** The page that this module was loaded into; null on a server. */
export function browserWorld(script: string): TrackerWorld | null {
  if (typeof window === "undefined" || typeof document === "undefined") return null;
  const hear: TrackerWorld["hear"] = (where, name, listener) => {
    const target: EventTarget = where === "window" ? window : document;
    target.addEventListener(name, listener as EventListener, true);
    return () => target.removeEventListener(name, listener as EventListener, true);
  };
  return {
    now: () => Date.now(),
    ticks: () => performance.now(),
    random: () => crypto.getRandomValues(new Uint8Array(10)),
    after(ms, work) {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    beacon: (url, body) => navigator.sendBeacon?.(url, body) ?? false,
    post: (url, body) => fetch(url, { method: "POST", body, keepalive: true, credentials: "omit" }),
    storage() {
      try {
        return localStorage;
      } catch {
        return null;
      }
    },
    location,
    script,
    title: () => document.title,
    referrer: () => document.referrer,
    visible: () => document.visibilityState === "visible",
    online: () => navigator.onLine,
    objects() {
      const { doNotTrack, globalPrivacyControl } = navigator as Navigator & { globalPrivacyControl?: boolean };
      return doNotTrack === "1" || globalPrivacyControl === true;
    },
    shown(work) {
      if (!(document as Document & { prerendering?: boolean }).prerendering) {
        work();
        return () => {};
      }
      return hear("document", "prerenderingchange", work);
    },
    hear,
    navigated(listener) {
      const undo = (["pushState", "replaceState"] as const).map((name) => {
        const original = history[name];
        const ours: typeof original = (...given) => {
          original.apply(history, given);
          listener();
        };
        history[name] = ours;
        // Somebody else may have put theirs over ours since; then ours stays below it, and is silent.
        return () => {
          if (history[name] === ours) history[name] = original;
        };
      });
      return () => undo.forEach((one) => one());
    },
    complain: (words) => console.warn(words),
  };
}
