/** Why a room is over, and what that does to the line. */
import { DisconnectReason } from "livekit-client";
import { afterClose, resumable } from "../line.js";
import type { RoadEnd } from "../road.js";
import type { Notice } from "../types.js";

/** A word of the server is about the end that follows it for so long. */
const FRESH_MS = 30_000;
/** Words of something that passes: the session goes on. */
const PASSING: ReadonlySet<string> = new Set([
  "bad_request",
  "balance_low",
  "ends_soon",
  "handed_back",
  "no_client",
  "not_on_this_transport",
  "not_shareable",
  "provider_failed",
  "taken_over",
]);
/** What a socket would be closed with for the same word. */
const CLOSES: Readonly<Record<string, number>> = {
  ended: 4002,
  conversation_ended: 4002,
  timed_out: 4002,
  replaced: 4001,
  insufficient_balance: 4003,
  revoked: 4004,
  going_away: 1012,
  overloaded: 1013,
  agent_failed: 1011,
  internal: 1011,
};
const CLOSED: ReadonlySet<DisconnectReason | undefined> = new Set([
  DisconnectReason.ROOM_DELETED,
  DisconnectReason.ROOM_CLOSED,
  DisconnectReason.PARTICIPANT_REMOVED,
]);

/** The server's last word about an end, for as long as the end may follow it. */
export class LastWord {
  private said: Notice | null = null;
  private at = 0;

  take(notice: Notice, now: number): void {
    if (PASSING.has(notice.code)) return;
    this.said = notice;
    this.at = now;
  }

  now(now: number): Notice | null {
    return now - this.at < FRESH_MS ? this.said : null;
  }
}

/**
 * The end of a room that was joined; `again` says that the door can be asked for another one. A
 * room that was closed without a word may be a server that starts anew: the door knows.
 */
export function endOf(
  reason: DisconnectReason | undefined,
  word: Notice | null,
  again: boolean,
): RoadEnd {
  if (reason === DisconnectReason.DUPLICATE_IDENTITY) {
    return end("ended", true, "replaced", "This conversation was opened in another place.");
  }
  if (word !== null) return said(word);
  if (CLOSED.has(reason) && !again) return end("ended", false, "ended", "The room was closed.");
  const name = reason === undefined ? "" : ` (${DisconnectReason[reason]?.toLowerCase()})`;
  return end("dropped", true, "unreachable", `The room was lost${name}.`);
}

/** The end that the server's own word announced. */
export function said(word: Notice): RoadEnd {
  const code = CLOSES[word.code];
  // A word that no socket closes with refuses whoever it is said to: to ask again changes nothing.
  if (code === undefined) return end("failed", true, word.code, word.message);
  return end(afterClose(code) as RoadEnd["move"], resumable(code), word.code, word.message);
}

/** The agent did not come, or went; where the door can be asked again, another one may. */
export function missing(word: Notice | null, came: boolean, again: boolean): RoadEnd {
  if (word !== null) return said(word);
  if (came) return end(again ? "dropped" : "failed", true, "agent_left", "The agent left the room.");
  return end("failed", true, "agent_timeout", "No agent came within 20 seconds. Try again.");
}

export function refused(reason: string): RoadEnd {
  return end("dropped", true, "unreachable", `The room cannot be joined: ${reason}`);
}

function end(move: RoadEnd["move"], mayReturn: boolean, code: string, message: string): RoadEnd {
  return { move, mayReturn, status: 0, why: { code, message } };
}
