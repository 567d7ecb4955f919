/** The session's line as a table; `src/duologue/core/line.py` is the same, and both pass `tests/vectors/line.json`. */
export type LineState =
  | "idle"
  | "connecting"
  | "connected"
  | "reconnecting"
  | "disconnected"
  | "failed";
export type LineMove = "connect" | "opened" | "dropped" | "ended" | "failed" | "leave";
export type Refusal = "retry" | "ended" | "failed";

export const MOVES: Readonly<Record<LineState, Partial<Readonly<Record<LineMove, LineState>>>>> = {
  idle: { connect: "connecting" },
  connecting: { opened: "connected", failed: "failed", ended: "disconnected", leave: "disconnected" },
  connected: { dropped: "reconnecting", failed: "failed", ended: "disconnected", leave: "disconnected" },
  reconnecting: { opened: "connected", failed: "failed", ended: "disconnected", leave: "disconnected" },
  disconnected: { connect: "connecting" },
  failed: { connect: "connecting" },
};

/** Milliseconds after which a broken line is not tried any more: a page may resume for as long. */
export const GIVE_UP_MS = 300_000;

const CLOSES: Readonly<Record<number, LineMove>> = {
  1000: "ended",
  1005: "ended",
  1009: "failed",
  4001: "ended",
  4002: "ended",
  4003: "failed",
  4004: "failed",
};

/** A move that the table does not know from this state. */
export class InvalidTransition extends Error {
  override readonly name = "InvalidTransition";

  constructor(
    readonly state: LineState,
    readonly move: LineMove,
  ) {
    const expected = Object.keys(MOVES[state]).join(" or ");
    super(`a session that is ${state} expects ${expected}, got ${move}`);
  }
}

/** The state after a move, or `InvalidTransition` with what was expected. */
export function step(state: LineState, move: LineMove): LineState {
  const to = MOVES[state][move];
  if (to === undefined) throw new InvalidTransition(state, move);
  return to;
}

/** What a socket's close code does to a connected line; what is not known here is a drop. */
export function afterClose(code: number): LineMove {
  return CLOSES[code] ?? "dropped";
}

/** Whether the user may still go on with the conversation after this close code. */
export function resumable(code: number): boolean {
  return code !== 4002 && code !== 4004;
}

/** What a refused authorize means; status 0 is a server that could not be reached. */
export function afterRefusal(status: number, code: string): Refusal {
  if (status === 0 || status === 408 || status === 429 || status >= 500) return "retry";
  return status === 410 || code === "conversation_not_found" ? "ended" : "failed";
}

/** Milliseconds to wait before the next try; `chance` in [0, 1) keeps clients from coming at once. */
export function delayMs(attempt: number, chance: number): number {
  return Math.min(5000, 250 * 2 ** attempt) * (0.5 + chance / 2);
}

/** Whether a line that broke so many milliseconds ago is lost. */
export function givesUp(brokenMs: number): boolean {
  return brokenMs >= GIVE_UP_MS;
}
