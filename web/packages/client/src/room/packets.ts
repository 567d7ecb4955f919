/** Data packets of a room, as the messages that a socket would bring. */
import { asNotice } from "../socket.js";
import type { ServerMessage } from "../wire.js";
import { OURS } from "./names.js";

export interface Packet {
  readonly payload: Uint8Array;
  readonly topic: string;
  /** Empty for the server's own. */
  readonly sender: string;
  /** Whether it was encrypted, where that matters; else true. */
  readonly secret: boolean;
}

/** What our topic brings that a page is shown. */
const TAKEN: ReadonlySet<string> = new Set<ServerMessage["type"]>([
  "agent.tool",
  "conversation.history",
  "user.transcript",
]);

/** The message in a packet; null for one that is not for the page. */
export function read({ payload, topic, sender, secret }: Packet, agent: string): ServerMessage | null {
  const content = parsed(payload);
  if (topic === OURS) {
    const message = content as ServerMessage | null;
    if (sender === "" || sender !== agent || !secret || !TAKEN.has(message?.type ?? "")) return null;
    return message && named(message);
  }
  if (topic.startsWith("lk")) return null;
  const { type } = Object(content) as { readonly type?: unknown };
  const official = topic === "" && (sender === agent || sender === "");
  if (!official && typeof type === "string" && type.startsWith("duologue.")) return null; // in our name
  // The server's own notice is never encrypted: it has no key.
  if (!secret && !(official && asNotice(content) !== null)) return null;
  return { type: "response.data", content: content === undefined ? payload : content, turn_id: "" };
}

/** Turns bear the names that a room's segments have. */
function named(message: ServerMessage): ServerMessage {
  const like = <One extends { readonly turn_id: string }>(one: One): One => ({ ...one, turn_id: `SG_${one.turn_id}` });
  if (message.type === "conversation.history") return { ...message, messages: message.messages.map(like) };
  return message.type === "user.transcript" ? like(message) : message;
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
}
