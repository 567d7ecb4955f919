/** Draws the two voices: bodies that overlap, and rings in which real sound travels outwards. */
import type { Levels } from "./levels.js";
import type { Pose, Voice } from "./moods.js";

const POINTS = 72;
const RINGS = 5;
/** Frames between one ring and the next: the sound of 100 ms ago, of 200 ms ago, and so on. */
const STEP = 3;

export interface Ink {
  readonly you: string;
  readonly agent: string;
  /** Where the two overlap: what they share. */
  readonly both: string;
  readonly line: string;
  readonly paper: string;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Seconds that passed for what moves by itself. */
  readonly time: number;
  readonly turn: number;
  readonly pose: Pose;
  readonly you: Levels;
  readonly agent: Levels;
  readonly ink: Ink;
  /** The largest radius, as a share of height and of width; small pictures have no room for rings. */
  readonly fit: readonly [tall: number, wide: number];
  /** A picture stands for the agent: its circle is left empty, and yours is small beside it. */
  readonly portrait: boolean;
}

/** Where the agent's circle is while a picture stands for it. */
export const PORTRAIT = { tall: 0.29, wide: 0.24 } as const;

export function draw(canvas: CanvasRenderingContext2D, frame: Frame): void {
  const { width, height, pose, ink } = frame;
  canvas.clearRect(0, 0, width, height);
  if (frame.portrait) return beside(canvas, frame);
  const radius = Math.min(height * frame.fit[0], width * frame.fit[1]);
  const half = (pose.gap * radius) / 2;
  const angle = frame.turn * Math.PI * 2;
  const dx = Math.cos(angle) * half;
  const dy = Math.sin(angle) * half * 0.55;
  const agent = { x: width / 2 - dx, y: height / 2 - dy };
  const you = { x: width / 2 + dx, y: height / 2 + dy };
  if (pose.thread > 0.01) thread(canvas, agent, you, frame);
  if (frame.fit[0] < 0.4) {
    rings(canvas, agent, radius, pose.agent, frame.agent, ink.agent, frame.time, 0);
    rings(canvas, you, radius, pose.you, frame.you, ink.you, frame.time, 2.4);
  }
  body(canvas, agent, radius, pose.agent, frame.agent, ink.agent, frame, 0);
  body(canvas, you, radius, pose.you, frame.you, ink.you, frame, 2.4);
  shared(canvas, agent, you, radius, frame);
}

/** A picture of the agent, with rings of its voice, and a small circle for the visitor. */
function beside(canvas: CanvasRenderingContext2D, frame: Frame): void {
  const { width, height, pose, ink } = frame;
  const radius = Math.min(height * PORTRAIT.tall, width * PORTRAIT.wide);
  const agent = { x: width / 2, y: height / 2 };
  const turn = frame.turn * Math.PI * 2 + Math.PI * 0.25;
  const far = radius * (0.92 + pose.thread * 0.5);
  const you = { x: agent.x + Math.cos(turn) * far, y: agent.y + Math.sin(turn) * far };
  const small = radius * 0.27;
  const round = { ...pose.agent, size: 1, stir: 0 };
  rings(canvas, agent, radius, round, frame.agent, ink.agent, frame.time, 0);
  rings(canvas, you, small, pose.you, frame.you, ink.you, frame.time, 2.4);
  // A rim of paper keeps the circle apart from any picture.
  outline(canvas, you, small * pose.you.size * 1.2, 0, frame.time, 0);
  canvas.fillStyle = ink.paper;
  canvas.fill();
  body(canvas, you, small, pose.you, frame.you, ink.you, frame, 2.4);
}

/** The lens between them, lit as far as both are there. */
function shared(
  canvas: CanvasRenderingContext2D,
  agent: Point,
  you: Point,
  radius: number,
  { pose, ink, time, ...levels }: Frame,
): void {
  const light = Math.sqrt(Math.min(pose.agent.fill, pose.you.fill));
  if (light < 0.02) return;
  canvas.save();
  shape(canvas, agent, radius, pose.agent, levels.agent, time, 0);
  canvas.clip();
  shape(canvas, you, radius, pose.you, levels.you, time, 2.4);
  canvas.globalAlpha = light;
  canvas.fillStyle = ink.both;
  canvas.fill();
  canvas.restore();
}

/** The outline of a voice at its present loudness. */
function shape(
  canvas: CanvasRenderingContext2D,
  at: Point,
  radius: number,
  voice: Voice,
  levels: Levels,
  time: number,
  seed: number,
): void {
  const size = radius * voice.size * (1 + levels.now * 0.13);
  outline(canvas, at, size, voice.stir + levels.now * 0.026, time, seed);
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function body(
  canvas: CanvasRenderingContext2D,
  at: Point,
  radius: number,
  voice: Voice,
  levels: Levels,
  colour: string,
  { time, ink }: Frame,
  seed: number,
): void {
  shape(canvas, at, radius, voice, levels, time, seed);
  if (voice.fill > 0.01) {
    // Paper below the colour: no ring of the other voice shines through a pale one.
    canvas.globalAlpha = Math.min(1, voice.fill * 4);
    canvas.fillStyle = ink.paper;
    canvas.fill();
    canvas.globalAlpha = voice.fill;
    canvas.fillStyle = colour;
    canvas.fill();
  }
  if (voice.fill < 0.5) {
    canvas.globalAlpha = 1 - voice.fill;
    canvas.strokeStyle = colour;
    canvas.lineWidth = 1.5;
    canvas.stroke();
  }
  canvas.globalAlpha = 1;
}

function rings(
  canvas: CanvasRenderingContext2D,
  at: Point,
  radius: number,
  voice: Voice,
  levels: Levels,
  colour: string,
  time: number,
  seed: number,
): void {
  canvas.strokeStyle = colour;
  for (let ring = RINGS; ring >= 1; ring--) {
    const level = levels.ago(ring * STEP);
    if (level < 0.015) continue;
    const size = radius * voice.size * (1 + ring * 0.105 + level * 0.16);
    outline(canvas, at, size, voice.stir + level * 0.032, time - ring * 0.09, seed);
    canvas.globalAlpha = Math.min(0.95, 0.25 + level * 1.5) * (1 - ring / (RINGS + 1.5));
    canvas.lineWidth = 1.75 - ring * 0.17;
    canvas.stroke();
  }
  canvas.globalAlpha = 1;
}

/** A closed curve near a circle, that never stands quite still. */
function outline(
  canvas: CanvasRenderingContext2D,
  at: Point,
  size: number,
  stir: number,
  time: number,
  seed: number,
): void {
  canvas.beginPath();
  if (stir < 0.001) {
    canvas.arc(at.x, at.y, size, 0, Math.PI * 2);
    return;
  }
  for (let index = 0; index < POINTS; index++) {
    const turn = (index / POINTS) * Math.PI * 2;
    const wave =
      Math.sin(turn * 2 + time * 0.9 + seed) * 0.5 +
      Math.sin(turn * 3 - time * 1.3 + seed * 1.7) * 0.32 +
      Math.sin(turn * 5 + time * 1.9 + seed * 0.6) * 0.18;
    const reach = size * (1 + wave * stir);
    const x = at.x + Math.cos(turn) * reach;
    const y = at.y + Math.sin(turn) * reach;
    if (index === 0) canvas.moveTo(x, y);
    else canvas.lineTo(x, y);
  }
  canvas.closePath();
}

/** What is left of the line between them while it is broken. */
function thread(canvas: CanvasRenderingContext2D, from: Point, to: Point, frame: Frame): void {
  canvas.beginPath();
  canvas.moveTo(from.x, from.y);
  canvas.lineTo(to.x, to.y);
  canvas.setLineDash([2, 9]);
  canvas.lineCap = "round";
  canvas.lineDashOffset = -frame.time * 22;
  canvas.globalAlpha = frame.pose.thread;
  canvas.strokeStyle = frame.ink.line;
  canvas.lineWidth = 2.5;
  canvas.stroke();
  canvas.setLineDash([]);
  canvas.globalAlpha = 1;
}
