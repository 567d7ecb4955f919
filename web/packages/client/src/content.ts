/** What the agent's side sent as data: the page's own, or a word of the server's. */
import type { Events } from "./events.js";
import { asNotice } from "./socket.js";
import type { SessionEvents } from "./types.js";

/** Tells it as the event that it is. */
export function tell(content: unknown, events: Events<SessionEvents>): void {
  const notice = asNotice(content);
  const { type, url } = Object(content) as Record<string, unknown>;
  if (type === "duologue.navigate") events.emit("navigate", String(url));
  else if (notice === null) events.emit("data", content);
  else events.emit("notice", { code: notice.code, message: notice.message });
}
