/** The conversation's words, as a pure function of what the server says and the user types. */
import type { Segment } from "./road.js";
import type { TranscriptEntry } from "./types.js";
import type { History, ServerMessage } from "./wire.js";

export interface Transcript {
  readonly entries: readonly TranscriptEntry[];
  /** What is understood so far of each open user's turn, by its counter. */
  readonly pieces: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Agent's turns that were cut, also those whose words are still to come. */
  readonly cut: ReadonlySet<string>;
  /** Ids of typed messages that the server has not confirmed, oldest first. */
  readonly waiting: readonly string[];
}

export const EMPTY: Transcript = { entries: [], pieces: new Map(), cut: new Set(), waiting: [] };

/** The transcript after a message of the server; the same object if it changes nothing. */
export function heard(before: Transcript, message: ServerMessage, now: number): Transcript {
  switch (message.type) {
    case "user.transcript.interim_delta":
    case "user.transcript.delta":
      return understood(before, message.turn_id, message.delta_counter, message.content, now);
    case "user.transcript":
      return said(before, message.turn_id, message.content, now);
    case "response.text.delta": {
      const text = (found(before, idOf("agent", message.turn_id))?.text ?? "") + message.content;
      return written(before, message.turn_id, "agent", text, false, now);
    }
    case "response.text":
      return written(before, message.turn_id, "agent", message.content, true, now);
    case "turn.end":
      return closed(before, message.role === "user" ? "user" : "agent", message.turn_id);
    case "conversation.history":
      return remembered(before, message);
    case "turn.start":
    case "response.audio":
    case "response.data":
    case "response.end":
    case "agent.state":
    case "agent.tool":
    case "duologue.beat":
    // These come with capabilities that this client does not ask for.
    case "rpc.request":
    case "rpc.response":
    case "state.snapshot":
    case "state.set":
    case "attributes.set":
    case "file.begin":
    case "file.chunk":
      return before;
    default:
      message satisfies never;
      return before;
  }
}

/** The transcript after a room told more of a segment. */
export function told(before: Transcript, segment: Segment, now: number): Transcript {
  const { id, role, text, final } = segment;
  // Words that came to nothing go.
  if (text === "") return found(before, idOf(role, id)) ? gone(before, role, id) : before;
  const after = written(before, id, role, text, final, now);
  if (segment.written && role === "agent") return unspoken(after, id);
  return segment.interrupted ? interrupted(after, id) : after;
}

/** A typed message is on its way, and nobody will confirm it. */
export function delivered(before: Transcript, id: string): Transcript {
  return { ...before, waiting: before.waiting.filter((each) => each !== id) };
}

/** A typed message, shown before anybody confirms it. */
export function typed(before: Transcript, id: string, text: string, now: number): Transcript {
  const entry = {
    id,
    role: "user",
    text,
    final: true,
    interrupted: false,
    timestamp: now,
    typed: true,
  } as const;
  return { ...before, entries: [...before.entries, entry], waiting: [...before.waiting, id] };
}

/** The agent's turn was cut before its end. */
export function interrupted(before: Transcript, turn: string): Transcript {
  if (before.cut.has(turn)) return before;
  const id = idOf("agent", turn);
  const entries = before.entries.map((entry) =>
    entry.id === id ? { ...entry, interrupted: true } : entry,
  );
  return { ...before, entries, cut: new Set([...before.cut, turn]) };
}

/** The agent wrote this turn, and no voice says it. */
export function unspoken(before: Transcript, turn: string): Transcript {
  const id = idOf("agent", turn);
  if (found(before, id) === undefined) return before;
  const entries = before.entries.map((entry) => (entry.id === id ? { ...entry, written: true } : entry));
  return { ...before, entries };
}

/** Typed messages that nobody confirmed, oldest first. */
export function unconfirmed(transcript: Transcript): readonly TranscriptEntry[] {
  return transcript.entries.filter((entry) => transcript.waiting.includes(entry.id));
}

/** An entry's id: a user's turn and the answer to it may bear the same one. */
function idOf(role: TranscriptEntry["role"], turn: string): string {
  return `${role}:${turn}`;
}

function found(transcript: Transcript, id: string): TranscriptEntry | undefined {
  return transcript.entries.find((entry) => entry.id === id);
}

/** Puts a turn's newest words where the turn stands, or at the end. */
function written(
  before: Transcript,
  turn: string,
  role: TranscriptEntry["role"],
  text: string,
  final: boolean,
  now: number,
): Transcript {
  const id = idOf(role, turn);
  const old = found(before, id);
  const cut = role === "agent" && before.cut.has(turn);
  const entry = old
    ? { ...old, text, final }
    : { id, role, text, final, interrupted: cut, timestamp: now };
  const entries = old
    ? before.entries.map((each) => (each.id === id ? entry : each))
    : [...before.entries, entry];
  return { ...before, entries };
}

/** An interim replaces the earlier one of its counter, and so does the delta that closes it. */
function understood(
  before: Transcript,
  turn: string,
  counter: number,
  text: string,
  now: number,
): Transcript {
  const turns = new Map(before.pieces);
  const pieces = new Map(turns.get(turn)).set(counter, text.trim());
  turns.set(turn, pieces);
  const words = [...pieces.values()].filter(Boolean).join(" ");
  return written({ ...before, pieces: turns }, turn, "user", words, false, now);
}

/** The whole of a user's turn; a typed message that says the same becomes it. */
function said(before: Transcript, turn: string, text: string, now: number): Transcript {
  const mine = unconfirmed(before).find((entry) => entry.text.trim() === text.trim());
  if (mine === undefined) return forgotten(written(before, turn, "user", text, true, now), turn);
  const entries = before.entries
    .filter((entry) => entry.id !== idOf("user", turn))
    .map((entry) => (entry.id === mine.id ? { ...entry, id: idOf("user", turn), text } : entry));
  const waiting = before.waiting.filter((id) => id !== mine.id);
  return forgotten({ ...before, entries, waiting }, turn);
}

/** A turn is over: its words are final, and a user's that came to nothing go. */
function closed(before: Transcript, role: TranscriptEntry["role"], turn: string): Transcript {
  const entry = found(before, idOf(role, turn));
  if (entry === undefined || entry.final) return before;
  return role === "user" ? gone(before, role, turn) : written(before, turn, role, entry.text, true, 0);
}

/** Without the words of a turn. */
function gone(before: Transcript, role: TranscriptEntry["role"], turn: string): Transcript {
  const entries = before.entries.filter((each) => each.id !== idOf(role, turn));
  return forgotten({ ...before, entries }, turn);
}

/** What was said before replaces all; typed messages that are not in it yet stay behind it. */
function remembered(before: Transcript, history: History): Transcript {
  const known = new Set(before.entries.map((entry) => entry.id));
  const entries = history.messages.map((message): TranscriptEntry => {
    const role = message.role === "user" ? "user" : "agent";
    const id = idOf(role, message.turn_id);
    const old = found(before, id);
    return {
      id,
      role,
      text: message.content,
      final: true,
      interrupted: message.interrupted,
      timestamp: message.at,
      ...(old?.typed ? { typed: true } : {}),
    };
  });
  const fresh = entries.filter((entry) => entry.role === "user" && !known.has(entry.id));
  const waiting: string[] = [];
  for (const mine of unconfirmed(before)) {
    const match = fresh.findIndex((entry) => entry.text.trim() === mine.text.trim());
    if (match < 0) {
      waiting.push(mine.id);
      entries.push(mine);
    } else {
      const [same] = fresh.splice(match, 1);
      const place = entries.findIndex((entry) => entry.id === same?.id);
      if (same !== undefined) entries[place] = { ...same, typed: true };
    }
  }
  return { entries, pieces: new Map(), cut: new Set(), waiting };
}

function forgotten(before: Transcript, turn: string): Transcript {
  if (!before.pieces.has(turn)) return before;
  const pieces = new Map(before.pieces);
  pieces.delete(turn);
  return { ...before, pieces };
}
