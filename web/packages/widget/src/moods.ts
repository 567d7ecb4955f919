/** What each mood asks of the two voices; the drawing glides from one to the next. */
import type { Mood } from "./scene.js";

export interface Pose {
  /** Distance of the two centres, in radii. */
  readonly gap: number;
  /** Turns a second around each other. */
  readonly orbit: number;
  readonly you: Voice;
  readonly agent: Voice;
  /** The broken line between them. */
  readonly thread: number;
}

export interface Voice {
  readonly size: number;
  /** How far the outline leaves the circle on its own. */
  readonly stir: number;
  /** How full the colour is; the outline stays. */
  readonly fill: number;
}

const still: Voice = { size: 1, stir: 0.009, fill: 0.9 };

export const poses: Readonly<Record<Mood, Pose>> = {
  idle: { gap: 1.1, orbit: 0, you: still, agent: still, thread: 0 },
  connecting: {
    gap: 0.86,
    orbit: 0.32,
    you: { ...still, size: 0.86 },
    agent: { ...still, size: 0.86 },
    thread: 0,
  },
  listening: {
    gap: 1.06,
    orbit: 0,
    you: { size: 1.04, stir: 0.014, fill: 1 },
    agent: { size: 0.92, stir: 0.01, fill: 0.82 },
    thread: 0,
  },
  thinking: {
    gap: 0.78,
    orbit: 0,
    you: { size: 0.84, stir: 0.01, fill: 0.6 },
    agent: { size: 1, stir: 0.055, fill: 0.95 },
    thread: 0,
  },
  speaking: {
    gap: 1.06,
    orbit: 0,
    you: { size: 0.86, stir: 0.01, fill: 0.75 },
    agent: { size: 1.08, stir: 0.014, fill: 1 },
    thread: 0,
  },
  muted: {
    gap: 1.12,
    orbit: 0,
    you: { size: 0.9, stir: 0, fill: 0 },
    agent: { size: 1, stir: 0.014, fill: 0.85 },
    thread: 0,
  },
  apart: {
    gap: 2.5,
    orbit: 0,
    you: { size: 0.72, stir: 0.01, fill: 0.7 },
    agent: { size: 0.72, stir: 0.01, fill: 0.35 },
    thread: 1,
  },
  over: {
    gap: 1.1,
    orbit: 0,
    you: { size: 0.92, stir: 0, fill: 0.12 },
    agent: { size: 0.92, stir: 0, fill: 0.12 },
    thread: 0,
  },
};

/** A pose between two, `share` of the way. */
export function between(from: Pose, to: Pose, share: number): Pose {
  const mix = (a: number, b: number): number => a + (b - a) * share;
  const voice = (a: Voice, b: Voice): Voice => ({
    size: mix(a.size, b.size),
    stir: mix(a.stir, b.stir),
    fill: mix(a.fill, b.fill),
  });
  return {
    gap: mix(from.gap, to.gap),
    orbit: mix(from.orbit, to.orbit),
    you: voice(from.you, to.you),
    agent: voice(from.agent, to.agent),
    thread: mix(from.thread, to.thread),
  };
}

/** How far two poses are from each other. */
export function distance(a: Pose, b: Pose): number {
  return (
    Math.abs(a.gap - b.gap) +
    Math.abs(a.thread - b.thread) +
    Math.abs(a.you.fill - b.you.fill) +
    Math.abs(a.agent.fill - b.agent.fill)
  );
}
