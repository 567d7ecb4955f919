/** Tells the server how a conversation was. */
import type { Verdict } from "./feedback.js";

/** `token` shows that one was there. A verdict that does not arrive is lost, and nobody is bothered with that. */
export async function tellVerdict(
  base: string,
  token: string | null,
  { rating, text }: Verdict,
): Promise<boolean> {
  if (token === null) return false;
  // As plain text, so that a foreign page needs no leave first.
  const asked = { method: "POST", body: JSON.stringify({ token, rating, text }), keepalive: true };
  const answer = await fetch(`${base}/api/widget/feedback`, asked).catch(() => null);
  return answer?.ok ?? false;
}
