/** A new layout is there at once and can be used; only its picture glides. */
import { need } from "./page.js";

const HOW = { duration: 380, easing: "cubic-bezier(.3, .7, .2, 1)" } as const;

export class Glide {
  private readonly reduced = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly moving = [need("scene", HTMLElement), need("controls", HTMLElement)];
  private readonly side = need("side", HTMLElement);
  private running: readonly Animation[] = [];

  /** Not by a view transition: that changes the page later, and until it ends no click arrives. */
  over(change: () => void): void {
    const before = this.moving.map(centre); // also in the middle of an earlier glide
    for (const one of this.running) one.cancel();
    change();
    if (this.reduced.matches) return;
    const glides = this.moving.map((region, place) => {
      const to = centre(region);
      const from = before[place] ?? to;
      const start = { transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` };
      return region.animate([start, { transform: "none" }], HOW);
    });
    // What was said appears where it stays: there somebody may want to type already.
    this.running = [...glides, this.side.animate({ opacity: [0, 1] }, HOW)];
  }
}

function centre(region: Element): { readonly x: number; readonly y: number } {
  const { left, top, width, height } = region.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}
