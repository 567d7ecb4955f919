/** A new layout is there at once and can be used; only its picture glides. */

const HOW = { duration: 420, easing: "cubic-bezier(.2, .8, .2, 1)" } as const;

export class Glide {
  private running: readonly Animation[] = [];

  constructor(
    private readonly moving: Element,
    private readonly appearing: Element,
  ) {}

  /** Not by a view transition: that changes the page later, and until it ends no click arrives. */
  over(change: () => void): void {
    const before = centre(this.moving); // also in the middle of an earlier glide
    for (const one of this.running) one.cancel();
    this.running = [];
    change();
    const after = centre(this.moving);
    const still = globalThis.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (still || before.width === 0 || after.width === 0) return;
    const grown = Math.max(0.2, before.height / Math.max(1, after.height));
    const from = `translate(${before.x - after.x}px, ${before.y - after.y}px) scale(${grown})`;
    this.running = [
      this.moving.animate([{ transform: from }, { transform: "none" }], HOW),
      this.appearing.animate({ opacity: [0, 1] }, HOW),
    ];
  }
}

function centre(region: Element): { x: number; y: number; width: number; height: number } {
  const { left, top, width, height } = region.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2, width, height };
}
