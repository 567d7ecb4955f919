/** The centre piece: runs the drawing while it can be seen, and no faster than it must. */
import { draw, type Ink } from "./drawing.js";
import { Levels } from "./levels.js";
import { between, distance, type Pose, poses } from "./moods.js";
import type { Mood } from "./scene.js";

/** Where the loudness comes from, 0 to 1. */
export interface Source {
  readonly inputLevel: number;
  readonly outputLevel: number;
}

/** Milliseconds to wait before a frame: sound goes on its own thread, and pictures must not crowd it. */
const BREATH = 100;
const MOVING = 20;
const LIVELY: ReadonlySet<Mood> = new Set(["connecting", "thinking", "apart"]);
/** A loudness that draws no ring. */
const QUIET = 0.015;

/** Room for rings around the circles, or for the circles alone. */
export const FITS = { stage: [0.255, 0.2], launcher: [0.42, 0.29] } as const;

export class Voices {
  /** Whether a picture stands for the agent. */
  portrait = false;
  private readonly canvas: CanvasRenderingContext2D;
  private readonly reduced = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly watching: { disconnect(): void }[] = [];
  private readonly visibility = (): void => this.wake();
  private readonly you = new Levels();
  private readonly agent = new Levels();
  private mood: Mood = "idle";
  private pose: Pose = poses.idle;
  private turn = 0;
  private time = 0;
  private last = 0;
  private seen = true;
  /** The part of the widget that it belongs to is shown. */
  private shown = true;
  private running = false;
  private pause = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private handle = 0;
  private width = 0;
  private height = 0;
  /** Read with the first picture: until then the page has computed no colours. */
  private ink: Ink | null = null;

  constructor(
    private readonly element: HTMLCanvasElement,
    private readonly fits: keyof typeof FITS,
    private readonly source: () => Source | null,
  ) {
    const canvas = element.getContext("2d");
    if (canvas === null) throw new Error("this browser draws no canvas");
    this.canvas = canvas;
  }

  /** Watches the element while it is in a page. */
  begin(): void {
    if (this.watching.length > 0) return;
    const size = new ResizeObserver(() => this.measure());
    const sight = new IntersectionObserver(([entry]) => {
      this.seen = entry?.isIntersecting ?? true;
      this.wake();
    });
    this.watching.push(size, sight);
    for (const one of [size, sight]) one.observe(this.element);
    document.addEventListener("visibilitychange", this.visibility);
  }

  /** Draws nothing any more, and watches nothing. Idempotent. */
  end(): void {
    for (const one of this.watching.splice(0)) one.disconnect();
    document.removeEventListener("visibilitychange", this.visibility);
    clearTimeout(this.timer);
    cancelAnimationFrame(this.handle);
    this.running = false;
  }

  /** Takes the colours of the theme anew. */
  repaint(): void {
    this.ink = null;
    this.wake();
  }

  show(mood: Mood, shown: boolean): void {
    this.mood = mood;
    this.shown = shown;
    this.wake();
  }

  private wake(): void {
    if (this.watching.length === 0 || (this.running && this.pause < BREATH)) return;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.handle);
    this.next(0);
  }

  /** Draws again after a pause; none means with the next frame of the screen. */
  private next(pause: number): void {
    this.pause = pause;
    this.running = !document.hidden && this.seen && this.shown;
    if (!this.running) return;
    const draws = (): void => {
      this.handle = requestAnimationFrame(this.frame);
    };
    if (pause === 0) draws();
    else this.timer = setTimeout(draws, pause);
  }

  private readonly frame = (now: number): void => {
    this.step(Math.min(0.1, (now - this.last) / 1000));
    this.last = now;
    // A voice that is over stands still for good.
    if (this.resting()) this.running = false;
    else this.next(this.calm() && !LIVELY.has(this.mood) ? BREATH : MOVING);
  };

  private step(passed: number): void {
    const source = this.source();
    this.you.push(this.mood === "muted" ? 0 : (source?.inputLevel ?? 0));
    this.agent.push(source?.outputLevel ?? 0);
    this.pose = between(this.pose, poses[this.mood], 1 - Math.exp(-passed * 6));
    if (!this.reduced.matches) {
      this.time += passed;
      this.turn += passed * this.pose.orbit;
    }
    // Whoever circled comes back to their own side the short way.
    if (poses[this.mood].orbit === 0) {
      this.turn -= Math.round(this.turn);
      this.turn *= Math.exp(-passed * 5);
    }
    draw(this.canvas, {
      width: this.width,
      height: this.height,
      time: this.time,
      turn: this.turn,
      pose: this.pose,
      you: this.you,
      agent: this.agent,
      ink: (this.ink ??= this.inks()),
      fit: FITS[this.fits],
      portrait: this.portrait,
    });
  }

  private moved(): boolean {
    return distance(this.pose, poses[this.mood]) > 0.02 || Math.abs(this.turn) > 0.004;
  }

  /** Nobody is heard, so that nobody can see how seldom this is drawn. */
  private calm(): boolean {
    return this.you.now < QUIET && this.agent.now < QUIET && !this.moved();
  }

  /** A closed launcher stands still until there is something to show: it may stand in a page for hours. */
  private resting(): boolean {
    const lives = this.fits === "stage" ? this.mood !== "over" : LIVELY.has(this.mood);
    const breathes = lives && !this.reduced.matches;
    return !breathes && this.calm() && this.source() === null;
  }

  private measure(): void {
    const { width, height } = this.element.getBoundingClientRect();
    this.width = width;
    this.height = height;
    const scale = Math.min(2, devicePixelRatio);
    this.element.width = Math.round(width * scale);
    this.element.height = Math.round(height * scale);
    this.canvas.setTransform(scale, 0, 0, scale, 0, 0);
    this.step(0);
    this.wake();
  }

  private inks(): Ink {
    const style = getComputedStyle(this.element);
    const read = (name: string): string => style.getPropertyValue(name).trim();
    return {
      you: read("--you"),
      agent: read("--agent"),
      both: read("--both"),
      line: read("--soft"),
      paper: read("--paper"),
    };
  }
}
