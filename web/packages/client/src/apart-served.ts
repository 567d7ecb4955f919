/** The room's part from beside a served script; build.mjs puts it in the place of `apart.ts`. */
import type { Rooms } from "./road.js";

type Module = { readonly rooms: Rooms };

/**
 * A browser may remember for the page's life that a module could not be had: after a failure it is asked for
 * under a query that the browser does not know. What was had is had once, for there must not be two of LiveKit.
 */
export function keeper(load: (address: string) => Promise<Module>): () => Promise<Rooms> {
  let failed = 0;
  let had: Promise<Rooms> | null = null;
  return () => {
    had ??= load(failed === 0 ? "./room.js" : `./room.js?again=${failed}`).then(
      ({ rooms }) => rooms,
      (error: unknown) => {
        failed++;
        had = null;
        throw error;
      },
    );
    return had;
  };
}

export const loadRooms = keeper((address) => import(address));
