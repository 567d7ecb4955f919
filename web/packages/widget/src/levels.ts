/** The last second or so of a voice's loudness, so that it can be seen to travel outwards. */

const KEPT = 32;

export class Levels {
  private readonly kept = new Float32Array(KEPT);
  private at = 0;
  private smooth = 0;

  /** Takes the loudness of this frame, 0 to 1: up at once, down slowly, as an ear has it. */
  push(level: number): void {
    const heard = Math.min(1, Math.max(0, level));
    this.smooth += (heard - this.smooth) * (heard > this.smooth ? 0.75 : 0.3);
    if (this.smooth < 0.001) this.smooth = 0;
    this.at = (this.at + 1) % KEPT;
    this.kept[this.at] = this.smooth;
  }

  /** The loudness that many frames ago. */
  ago(frames: number): number {
    return this.kept[(this.at - Math.min(frames, KEPT - 1) + KEPT) % KEPT] ?? 0;
  }

  get now(): number {
    return this.smooth;
  }
}
