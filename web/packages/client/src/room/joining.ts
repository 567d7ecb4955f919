/** The way into a room: announced, encrypted where that is wanted, and within bounds. */
import { ExternalE2EEKeyProvider, Room, type RoomOptions } from "livekit-client";
import type { Encryption } from "../types.js";
import type { Opening } from "../wire.js";
import { CLAIM, within } from "./names.js";

const JOIN_MS = 15_000;
const ANNOUNCE_MS = 5000;
/** The word is waited for so long: who comes first makes the room, and it saves twice as much. */
const LEAD_MS = 100;
/** For so long a room mends itself; after that the door is asked for another one. */
const MEND_MS = 15_000;

/** A room with all that it is to be, before it is joined. */
export interface Made {
  readonly room: Room;
  /** Readies the encryption, if there is any. */
  prepare(): Promise<void>;
  /** Ends what was made for it. */
  release(): void;
}

export function made(encryption: Encryption | undefined): Made {
  const options: RoomOptions = {
    // Microphone and camera outlast a room; whoever made them ends them.
    stopLocalTrackOnUnpublish: false,
    reconnectPolicy: {
      nextRetryDelayInMs: ({ retryCount, elapsedMs }) =>
        elapsedMs > MEND_MS ? null : Math.min(3000, 300 * retryCount ** 2),
    },
  };
  if (encryption === undefined) {
    return { room: new Room(options), prepare: async () => {}, release() {} };
  }
  const { key, worker: given } = encryption;
  const worker = typeof given === "function" ? given() : given;
  // With LiveKit's own window a changed key stalls whoever hears us, for many seconds.
  const keyProvider = new ExternalE2EEKeyProvider({ ratchetWindowSize: 0 });
  const room = new Room({ ...options, encryption: { keyProvider, worker } });
  return {
    room,
    async prepare() {
      await keyProvider.setKey(key);
      await room.setE2EEEnabled(true);
    },
    release() {
      if (typeof given === "function") worker.terminate();
    },
  };
}

/** Joins; it rejects when that is impossible or takes too long. */
export async function join({ room, prepare }: Made, opening: Opening): Promise<void> {
  await Promise.all([prepare(), announced(opening)]);
  const url = opening.url.replace(/^http/, "ws");
  await within(JOIN_MS, room.connect(url, opening.token));
}

/** Whether a token comes from a door of ours: then its agent understands our packets. */
export function isOurs(token: string): boolean {
  try {
    const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const said = JSON.parse(atob(part)) as { readonly attributes?: Record<string, string> } | null;
    return said?.attributes?.[CLAIM] !== undefined;
  } catch {
    return false;
  }
}

/** Says that we are on our way, and goes on soon; where it is not heard an agent comes as well. */
async function announced({ announce, url, token }: Opening): Promise<void> {
  // Otherwise the token would travel less safely than it does into the room.
  const safe = announce?.startsWith("https:") || !/^(wss|https):/.test(url);
  if (!announce || !safe) return;
  const saying = fetch(announce, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(ANNOUNCE_MS),
  });
  await within(LEAD_MS, saying).catch(() => undefined);
}
