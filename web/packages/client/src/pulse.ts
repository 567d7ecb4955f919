/** Tells when a line has been silent for so long that it must be dead, though no socket said so. */
import type { World } from "./world.js";

/** The server says something every 5 s, so two of its beats are missing. */
export const SILENT_MS = 13_000;
/** A timer that is later than this was held up, by a laptop that slept or a page in the background. */
const LATE_MS = 2000;

export class Pulse {
  private heardAt: number;
  private cancel: () => void = () => {};

  constructor(
    private readonly world: Pick<World, "now" | "after">,
    private readonly dead: () => void,
  ) {
    this.heardAt = world.now();
    this.wait(SILENT_MS, false);
  }

  /** Something arrived, whatever it is. */
  heard(): void {
    this.heardAt = this.world.now();
  }

  stop(): void {
    this.cancel();
  }

  /** `again`: the last timer was held up, so what had arrived meanwhile is given time to be heard. */
  private wait(ms: number, again: boolean): void {
    const since = this.world.now();
    const due = since + ms;
    this.cancel = this.world.after(ms, () => {
      const now = this.world.now();
      this.heardAt = Math.min(this.heardAt, now); // the clock may have been set back
      const left = this.heardAt + SILENT_MS - now;
      if (left > 0) this.wait(left, false);
      else if (now - due <= LATE_MS || (again && this.heardAt <= since)) this.dead();
      else this.wait(SILENT_MS, true);
    });
  }
}
