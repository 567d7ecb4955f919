/** Where a page keeps the right to come back to its conversation. */
import { quietly } from "./quietly.js";

/** The right itself: the newest token, and when the line was last known alive (UTC ms). */
export interface Kept {
  readonly token: string;
  readonly conversationId: string;
  readonly at: number;
}

/** What was kept, as a tab finds it again. */
export interface Remembered extends Kept {
  /** Whether this very tab was in the conversation until it reloaded; false in another tab, or later. */
  readonly sameTab: boolean;
}

/** Where a page keeps what lets it come back to its conversation. */
export interface Memory {
  recall(key: string): Remembered | null;
  /** Keeps the right; where `attached` says that this tab is in it no more, only its mark goes. */
  keep(key: string, kept: Kept, attached: boolean): void;
  forget(key: string): void;
}

/** The browser's own storage, or none of it where the page may not use any. */
export interface Storages {
  readonly local: Storage | null;
  readonly session: Storage | null;
}

/** Every tab of the origin shares the token; a mark in the tab says which of them holds the line. */
export function browserMemory(storages: Storages = browserStorages()): Memory {
  const { local, session } = storages;
  return {
    recall(key) {
      const kept = parsed(quietly(() => local?.getItem(key)));
      if (kept === null) return null;
      const mark = quietly(() => session?.getItem(key));
      return { ...kept, sameTab: mark === kept.conversationId };
    },
    keep(key, kept, attached) {
      if (attached) quietly(() => local?.setItem(key, JSON.stringify(kept)));
      quietly(() =>
        attached ? session?.setItem(key, kept.conversationId) : session?.removeItem(key),
      );
    },
    forget(key) {
      quietly(() => local?.removeItem(key));
      quietly(() => session?.removeItem(key));
    },
  };
}

function browserStorages(): Storages {
  return {
    local: quietly(() => globalThis.localStorage) ?? null,
    session: quietly(() => globalThis.sessionStorage) ?? null,
  };
}

function parsed(text: string | null | undefined): Kept | null {
  const found = quietly(() => JSON.parse(text ?? "null") as Partial<Kept> | null);
  if (typeof found?.token !== "string" || typeof found.conversationId !== "string") return null;
  if (typeof found.at !== "number") return null;
  return { token: found.token, conversationId: found.conversationId, at: found.at };
}
