/** What the page is told, as events of the element: pure, from what was and what is. */
import type { ControlledSession, TranscriptEntry } from "./seam.js";

/** What is compared; an object of the page's own may know no more. */
export interface Seen extends Pick<ControlledSession, "connectionState" | "agentState" | "error"> {
  readonly transcript: readonly TranscriptEntry[];
  readonly errorCode?: string | null;
  readonly conversationId?: string | null;
  readonly transport?: string | null;
  readonly resumed?: string | null;
}

export type Tiding = readonly [name: EventName, detail: Readonly<Record<string, unknown>>];

/** Every event of the element; the README says what each tells. */
export const EVENTS = [
  "duologue-open",
  "duologue-close",
  "duologue-consent",
  "duologue-connect",
  "duologue-disconnect",
  "duologue-state",
  "duologue-transcript",
  "duologue-message",
  "duologue-navigate",
  "duologue-error",
  "duologue-feedback",
] as const;

/** The name of an event that the element sends. */
export type EventName = (typeof EVENTS)[number];

/** The events of a change, in their order. */
export function tidings(before: Seen, now: Seen): Tiding[] {
  const { connectionState, agentState, transcript } = now;
  const told: Tiding[] = [];
  const moved = connectionState !== before.connectionState;
  if (moved || agentState !== before.agentState) {
    told.push(["duologue-state", { connectionState, agentState }]);
  }
  if (moved && connectionState === "connected") {
    const { conversationId = null, transport = null, resumed = null } = now;
    told.push(["duologue-connect", { conversationId, transport, resumed }]);
  }
  if (moved && (connectionState === "disconnected" || connectionState === "error") && before.connectionState !== "idle") {
    told.push(["duologue-disconnect", {}]);
  }
  if (now.error !== null && (now.error !== before.error || now.errorCode !== before.errorCode)) {
    told.push(["duologue-error", { code: now.errorCode ?? "", message: now.error }]);
  }
  if (transcript !== before.transcript) told.push(["duologue-transcript", { transcript }]);
  return told;
}

export const NOTHING: Seen = { connectionState: "idle", agentState: "idle", error: null, transcript: [] };

/** How many of the agent's turns were finished since. */
export function finished(entries: readonly TranscriptEntry[]): number {
  return entries.filter((entry) => entry.role === "agent" && entry.final).length;
}
