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

/** Frames a second while nobody speaks and nothing moves but breath. */
const CALM = 15;

export class Voices {
  private readonly canvas: CanvasRenderingContext2D;
  private readonly reduced = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private readonly you = new Levels();
  private readonly agent = new Levels();
  private mood: Mood = "idle";
  private pose: Pose = poses.idle;
  private turn = 0;
  private time = 0;
  private last = 0;
  private seen = true;
  private running = false;
  private ink: Ink;

  constructor(
    private readonly element: HTMLCanvasElement,
    private readonly source: () => Source | null,
  ) {
    const canvas = element.getContext("2d");
    if (canvas === null) throw new Error("this browser draws no canvas");
    this.canvas = canvas;
    this.ink = this.inks();
    this.dark.addEventListener("change", () => {
      this.ink = this.inks();
      this.wake();
    });
    new ResizeObserver(() => this.fit()).observe(element);
    new IntersectionObserver(([entry]) => {
      this.seen = entry?.isIntersecting ?? true;
      this.wake();
    }).observe(element);
    document.addEventListener("visibilitychange", () => this.wake());
  }

  show(mood: Mood): void {
    this.mood = mood;
    this.wake();
  }

  private wake(): void {
    if (this.running || document.hidden || !this.seen) return;
    this.running = true;
    requestAnimationFrame(this.frame);
  }

  private readonly frame = (now: number): void => {
    if (document.hidden || !this.seen) {
      this.running = false;
      return;
    }
    const passed = Math.min(0.1, (now - this.last) / 1000);
    if (this.calm() && passed < 1 / CALM - 0.004) {
      requestAnimationFrame(this.frame);
      return;
    }
    this.last = now;
    this.step(passed);
    // A voice that is over stands still for good.
    if (this.resting()) this.running = false;
    else requestAnimationFrame(this.frame);
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
    const { width, height } = this.element.getBoundingClientRect();
    draw(this.canvas, {
      width,
      height,
      time: this.time,
      turn: this.turn,
      pose: this.pose,
      you: this.you,
      agent: this.agent,
      ink: this.ink,
    });
  }

  private moved(): boolean {
    return distance(this.pose, poses[this.mood]) > 0.02 || Math.abs(this.turn) > 0.004;
  }

  private calm(): boolean {
    const silent = this.you.now === 0 && this.agent.now === 0 && this.source() === null;
    return silent && !this.moved() && poses[this.mood].orbit === 0;
  }

  private resting(): boolean {
    const breathes = !this.reduced.matches && this.mood !== "over";
    return !breathes && this.calm();
  }

  private fit(): void {
    const { width, height } = this.element.getBoundingClientRect();
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
