/** A voice to look at: bars or an orb that move as loud as it really is. */
import { type CSSProperties, type ReactNode, useEffect, useRef } from "react";
import { useAgentSession } from "./context.js";
import { VISUALIZER_LABELS, type VisualizerLabels } from "./labels.js";
import { levelOf } from "./surface.js";
import type { AgentSession, Speaker } from "./types.js";

/** How much of the way to a new level one frame goes: up at once, down slowly, as sound fades. */
const RISE = 0.5;
const FALL = 0.14;
/** Frames of the past from one bar to the next one further out. */
const SPREAD = 3;
/** With reduced motion the drawing says how loud it is some times a second, and does not glide. */
const CALM_MS = 400;

/** How `AudioVisualizer` looks. */
export interface AudioVisualizerProps {
  readonly variant?: "bars" | "orb";
  /** Whose voice moves it; both, unless it is said. */
  readonly of?: Speaker | "both";
  /** How many bars; an odd number has a middle. */
  readonly bars?: number;
  readonly labels?: Partial<VisualizerLabels>;
  readonly className?: string;
  readonly style?: CSSProperties;
}

/** Draws the session above. Its colour says who is at it, its movement how loud. */
export function AudioVisualizer(props: AudioVisualizerProps): ReactNode {
  const { variant = "bars", of = "both", bars = 7, labels, className, style } = props;
  const session = useAgentSession();
  const drawn = useRef<HTMLDivElement>(null);
  const newest = useRef(session);
  useEffect(() => {
    newest.current = session;
  });
  const open = session.connectionState === "connected";
  useEffect(() => {
    if (!open || drawn.current === null) return;
    return draw(drawn.current, () => newest.current, of);
  }, [open, of, variant, bars]);
  const state = open ? session.agentState : "idle";
  return (
    <div
      ref={drawn}
      className={["duologue-voice", `duologue-${variant}`, className].filter(Boolean).join(" ")}
      style={style}
      role="img"
      aria-label={{ ...VISUALIZER_LABELS, ...labels }[state]}
      data-state={state}
    >
      {Array.from({ length: variant === "bars" ? bars : 2 }, (_, place) => (
        <span key={place} />
      ))}
    </div>
  );
}

/** Draws until the function that comes back is called; what it drew goes with it. */
function draw(
  element: HTMLElement,
  session: () => AgentSession,
  of: Speaker | "both",
): () => void {
  const agent = of === "user" ? null : levelOf(session, "agent");
  const user = of === "agent" ? null : levelOf(session, "user");
  const pieces = [...element.children] as HTMLElement[];
  const middle = (pieces.length - 1) / 2;
  const past: number[] = new Array(Math.ceil(middle) * SPREAD + 1).fill(0);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let told = 0;
  let level = 0;

  const frame = (now: number): void => {
    next = requestAnimationFrame(frame);
    if (calm.matches && now - told < CALM_MS) return;
    told = now;
    const heard = Math.max(agent?.level ?? 0, user?.level ?? 0);
    level += (heard - level) * (calm.matches ? 1 : heard > level ? RISE : FALL);
    past.unshift(level);
    past.pop();
    element.style.setProperty("--duologue-level", level.toFixed(3));
    pieces.forEach((piece, place) => {
      const away = Math.round(Math.abs(place - middle) * (calm.matches ? 0 : SPREAD));
      piece.style.setProperty("--duologue-here", (past[away] ?? 0).toFixed(3));
    });
  };
  let next = requestAnimationFrame(frame);
  return () => {
    cancelAnimationFrame(next);
    agent?.close();
    user?.close();
    element.style.removeProperty("--duologue-level");
    for (const piece of pieces) piece.style.removeProperty("--duologue-here");
  };
}
