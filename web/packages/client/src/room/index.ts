/** What a session in a room needs, and no other one. */
import { LogLevel, setLogLevel } from "livekit-client";
import type { Rooms } from "../road.js";
import { follow } from "../switches.js";
import { RoomAudio } from "./audio.js";
import { RoomRoad } from "./road.js";

// What matters is told by the session's events; a page's console is the page's. What servers serve
// is built without the log's lines (livekit.mjs), for this makes them silent anyway.
setLogLevel(LogLevel.silent);

export const rooms: Rooms = {
  audio: (options, hooks) => new RoomAudio(options, hooks),
  enter: (given) => new RoomRoad(given),
  follow,
};
