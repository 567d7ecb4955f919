/** How the room's part is loaded: bundlers know this import, and set a file of their own apart for it. */
import type { Rooms } from "./road.js";

export const loadRooms = (): Promise<Rooms> => import("./room.js").then(({ rooms }) => rooms);
