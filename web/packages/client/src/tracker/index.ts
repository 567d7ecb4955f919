/** `@duologue/client/tracker`: what visitors do on a site, as far as they agreed. */
import { TrackerCore } from "./tracker.js";
import type { TrackerOptions } from "./types.js";
import { browserWorld } from "./world.js";

/** Watches this page; importing it, and making one on a server, does nothing. */
export class LiveLayerTracker extends TrackerCore {
  constructor(options: TrackerOptions = {}) {
    super(options, browserWorld(import.meta.url));
  }
}

export { LiveLayerTracker as Tracker };
export type { Consent, TrackerOptions, Value } from "./types.js";
