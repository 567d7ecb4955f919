/** What is kept of a session for the next page: what it takes to come back, and how long. */
import type { AgentConfig } from "./controlled.js";
import { quietly } from "./quietly.js";
import type { OpeningConfig } from "./wire.js";

/** Milliseconds after the last word of life in which a conversation may be gone on with. */
export const RESUME_WINDOW = 300_000;
/** Milliseconds in which the agent itself still waits, and the same token opens the door again. */
export const GRACE = 30_000;
/** Where a storage keeps it. */
export const KEY = "duologue.session";

/** What `loadSession` gives. */
export interface SavedSession {
  readonly url: string;
  readonly token: string;
  /** Empty on a socket. */
  readonly roomName: string;
  /** UTC milliseconds at which the session was alive last. */
  readonly ts: number;
  readonly conversationId: string;
  /** Shows the conversation to be ours when the token is of no use any more. */
  readonly resumeToken: string | null;
  /** Whether the session was left on purpose; then no agent waits. */
  readonly left: boolean;
  /** What the server granted. */
  readonly config: OpeningConfig | null;
  /** How the agent shows itself. */
  readonly agent: AgentConfig | null;
}

/** What a page must know to save a session; what it leaves out is as if it were not known. */
export type Saving = Pick<SavedSession, "url" | "token" | "roomName" | "ts"> & Partial<SavedSession>;

/** What a session is saved in; a storage of the browser is one. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** What was loaded with a token: a session that is opened by it knows its conversation. */
const loaded = new Map<string, SavedSession>();

/** What was kept less than five minutes ago; null if there is nothing of use, never an error. */
export function loadSession(store?: Store | null): SavedSession | null {
  const kept = read(store);
  if (kept !== null) loaded.set(kept.token, kept);
  return kept;
}

/** Forgets what was kept; nothing there is no error. */
export function clearSession(store?: Store | null): void {
  quietly(() => storeOf(store)?.removeItem(KEY));
}

/** Whether the agent still waits, so that url and token open the same session again. */
export function isLive(kept: SavedSession, now = Date.now()): boolean {
  return !kept.left && now - kept.ts < GRACE;
}

/** What this page loaded with a token. */
export function loadedWith(token: string): SavedSession | null {
  return loaded.get(token) ?? null;
}

/** What lies there, if it is whole and not too old. */
export function read(store?: Store | null, now = Date.now()): SavedSession | null {
  const kept = whole(quietly(() => JSON.parse(storeOf(store)?.getItem(KEY) ?? "null") as unknown));
  // A time to come is a clock that was set back, or somebody's own writing: neither is believed.
  return kept !== null && Math.abs(now - kept.ts) < RESUME_WINDOW ? kept : null;
}

/** Keeps it; a storage that is full, forbidden or missing costs the way back, and nothing else. */
export function write(kept: Saving, store?: Store | null): void {
  const known = loaded.get(kept.token);
  if (known !== undefined) loaded.set(kept.token, { ...known, ...kept }); // it may have been left
  quietly(() => storeOf(store)?.setItem(KEY, JSON.stringify(kept)));
}

/** The tab's own storage where none is named: two tabs that come back are one too many. */
function storeOf(store: Store | null | undefined): Store | null {
  return store ?? globalThis.sessionStorage ?? null;
}

function whole(found: unknown): SavedSession | null {
  const said = Object(found) as Partial<SavedSession>;
  const { url, token, roomName = "", ts, conversationId = "", resumeToken = null, left = false } = said;
  const { config = null, agent = null } = said;
  const words = [url, token, roomName, conversationId, resumeToken ?? ""];
  if (!words.every((word) => typeof word === "string") || !url || !token) return null;
  if (typeof ts !== "number" || typeof left !== "boolean") return null;
  if (typeof config !== "object" || typeof agent !== "object") return null;
  return { url, token, roomName, ts, conversationId, resumeToken, left, config, agent };
}
