/** The session behind what a page lends: a snapshot names it, the client finds it behind an object put together. */
import type { Client, ControlledSession, LiveKitSession } from "./seam.js";

type Whole = ControlledSession & { readonly session?: LiveKitSession | null };

export class Lending {
  private client: Client | null = null;

  /** What is known at once, so that an object made anew at each change shows the same session still. */
  behind(controlled: ControlledSession | null): LiveKitSession | null {
    if (controlled === null) return null;
    const named = (controlled as Whole).session;
    if (typeof named?.subscribe === "function") return named;
    return this.client?.sessionBehind(controlled) ?? null;
  }

  /** The same, once the client is there; null also where it cannot be had: then the object is all there is. */
  async find(controlled: ControlledSession, load: () => Promise<Client>): Promise<LiveKitSession | null> {
    this.client = await load().catch(() => this.client);
    return this.behind(controlled);
  }
}
