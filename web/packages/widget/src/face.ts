/** Whom a widget shows, before anybody talks: as the server says it at `/api/widget/agent`. */
import type { WidgetFace } from "./wire.js";

export type Face = WidgetFace;

/** Milliseconds after which whoever wants to talk need not wait for a face. */
const PATIENCE = 8000;

/** An agent of whom nothing is known but what the page calls it. */
export function stranger(agent: string): Face {
  return {
    agent,
    name: named(agent),
    avatarImageUrl: null,
    idleLoopUrl: null,
    greeting: "",
    pushToTalk: false,
    suggestions: [],
    transports: [],
    tabs: "takeover",
    vision: false,
    encryption: "off",
    record: false,
    recorded: false,
    navigation: false,
    consent: null,
    overrides: [],
    attributes: [],
    look: {
      title: "",
      startText: "",
      bubble: false,
      theme: "auto",
      accent: "",
      language: "",
      recordNotice: false,
      feedback: false,
    },
  };
}

/**
 * Asks the server, or, `anew`, asks it whatever a cache still knows; null where it has no such door, or refuses.
 * A refusal is told when one talks.
 */
export async function askFace(
  base: string,
  agent: string,
  key: string | null,
  signal: AbortSignal,
  anew: boolean,
): Promise<Face | null> {
  const url = `${base}/api/widget/agent?agent=${encodeURIComponent(agent)}`;
  const enough = new AbortController();
  const giveUp = (): void => enough.abort();
  const timer = setTimeout(giveUp, PATIENCE);
  signal.addEventListener("abort", giveUp);
  try {
    const cache = anew ? "reload" : "default";
    const answer = await fetch(url, { cache, headers: key ? { "x-api-key": key } : {}, signal: enough.signal });
    return answer.ok ? { ...stranger(agent), ...((await answer.json()) as Face) } : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}

/** A slug as one would write it: `front-desk` becomes `Front desk`. */
function named(agent: string): string {
  if (/^agt_[0-9a-f]+$/.test(agent)) return "";
  const words = agent.replace(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
