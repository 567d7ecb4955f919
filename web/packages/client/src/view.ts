/** What a session shows to surfaces: a snapshot, made anew only where something is different. */
import type { AgentConfig, AgentState, ConnectionState, Snapshot } from "./controlled.js";
import type { LineState } from "./line.js";
import type { AgentActivity } from "./types.js";
import type { AgentFace } from "./wire.js";

/** How a surface shows the line; `tests/vectors/states.json` holds the same. */
export const CONNECTION: Readonly<Record<LineState, ConnectionState>> = {
  idle: "idle",
  connecting: "connecting",
  connected: "connected",
  reconnecting: "connecting",
  disconnected: "disconnected",
  failed: "error",
};

/** How a surface shows the agent. */
export const AGENT: Readonly<Record<AgentActivity, AgentState>> = {
  initializing: "idle",
  idle: "idle",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
};

/** A frozen snapshot of what is so now; the one before where nothing is different. */
export function seen(before: Snapshot | null, now: Snapshot): Snapshot {
  if (before !== null && keys(now).every((name) => Object.is(before[name], now[name]))) return before;
  return Object.freeze(now);
}

/** How the agent shows itself as far as it is known; the same object as long as it shows itself alike. */
export function faceOf(before: AgentConfig | null, now: AgentConfig | AgentFace | null): AgentConfig | null {
  if (now === null || now.name === "") return before;
  const { name, avatarImageUrl, idleLoopUrl } = now;
  const alike =
    before?.name === name &&
    before.avatarImageUrl === avatarImageUrl &&
    before.idleLoopUrl === (idleLoopUrl ?? undefined);
  if (alike) return before;
  return Object.freeze({ name, avatarImageUrl, ...(idleLoopUrl ? { idleLoopUrl } : {}) });
}

function keys(snapshot: Snapshot): (keyof Snapshot)[] {
  return Object.keys(snapshot) as (keyof Snapshot)[];
}
