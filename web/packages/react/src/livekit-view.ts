/** What LiveKit's hooks say, in the words of a `ControlledSession`. */
import type { AgentState, ConnectionState, TranscriptEntry } from "@duologue/client";
import type { AgentState as TheirAgentState, ReceivedMessage } from "@livekit/components-react";

/** An agent that is not there yet, or not any more, is `idle`. */
export function agentStateOf(state: TheirAgentState): AgentState {
  switch (state) {
    case "listening":
    case "thinking":
    case "speaking":
      return state;
    case "disconnected":
    case "connecting":
    case "pre-connect-buffering":
    case "initializing":
    case "idle":
    case "failed":
      return "idle";
    default:
      return state satisfies never;
  }
}

/** A line that mends itself is `connecting`, as in a session of ours. */
export function lineOf(state: string, opened: boolean, failed: boolean): ConnectionState {
  if (state === "connected") return "connected";
  if (state !== "disconnected") return "connecting";
  if (failed) return "error";
  return opened ? "disconnected" : "idle";
}

/** One entry for a segment, however often its words were mended. */
export function entriesOf(
  messages: readonly ReceivedMessage[],
  me: string,
  speaking: boolean,
): readonly TranscriptEntry[] {
  const entries = new Map<string, TranscriptEntry>();
  for (const one of messages) {
    const id = one.attributes?.["lk.segment_id"] ?? one.id;
    const role = roleOf(one, me);
    const last = one === messages.at(-1);
    const moving =
      role === "user" ? one.attributes?.["lk.transcription_final"] === "false" : last && speaking;
    const before = entries.get(id);
    // An interim that comes after its final one is late, and says less.
    if (before?.final === true && moving && role === "user") continue;
    entries.set(id, {
      id,
      role,
      text: one.message,
      final: !moving,
      interrupted: false,
      timestamp: before?.timestamp ?? one.timestamp,
      ...(one.type === "chatMessage" ? { typed: true } : {}),
    });
  }
  return [...entries.values()];
}

/** Encrypted rooms send the user's words in the agent's name; it is in another one's track. */
function roleOf(one: ReceivedMessage, me: string): TranscriptEntry["role"] {
  if (one.type === "userTranscript" || one.from?.identity === me) return "user";
  const track = one.attributes?.["lk.transcribed_track_id"];
  const published = one.from?.trackPublications;
  const foreign = track && one.type === "agentTranscript" && published && !published.has(track);
  return foreign ? "user" : "agent";
}

/** A session that was refused says why it was, an agent that did not come says so. */
export function errorOf(reasons: readonly string[] | null, refused: string | null): string | null {
  return refused ?? (reasons?.length ? reasons.join(" ") : null);
}

/** An element that holds a track, and is not heard. */
export function shown<Kind extends "audio" | "video">(
  kind: Kind,
  track: MediaStreamTrack | null,
): HTMLElementTagNameMap[Kind] | null {
  if (track === null) return null;
  const element = document.createElement(kind);
  element.muted = true;
  element.srcObject = new MediaStream([track]);
  return element;
}
