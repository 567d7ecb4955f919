/** The second road, in a file of its own: it is loaded when a server answers with a room. */
export { rooms } from "./room/index.js";
