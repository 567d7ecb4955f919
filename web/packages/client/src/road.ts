/** What a line asks of the way it travels, and what it hears of it: a socket and a room are two. */
import type { Room } from "livekit-client";
import type { AudioFactory, AudioSeam } from "./audio/seam.js";
import type { SessionError } from "./error.js";
import type { LineMove } from "./line.js";
import type { Switched } from "./switches.js";
import type { Notice, SessionOptions, Transport } from "./types.js";
import type { ClientMessage, Opening, ServerMessage } from "./wire.js";

/** Why a road is closed, and what that does to the line. */
export interface RoadEnd {
  readonly move: Extract<LineMove, "dropped" | "ended" | "failed">;
  /** Whether the user may go on with the conversation. */
  readonly mayReturn: boolean;
  /** The close code of a socket, else 0. */
  readonly status: number;
  /** In the server's words where it said any. */
  readonly why: Notice;
}

/** What is known of a segment of speech, in words. */
export interface Segment {
  readonly id: string;
  readonly role: "user" | "agent";
  readonly text: string;
  readonly final: boolean;
  readonly interrupted: boolean;
  /** A message, which no voice says. */
  readonly written?: boolean;
}

export interface RoadHooks {
  /** Open; `mended` is a road that wavered and found back by itself. */
  opened(mended: boolean): void;
  /** The road mends itself: nothing is heard meanwhile, and `opened` or `closed` follows. */
  wavers(): void;
  message(message: ServerMessage): void;
  /** Sound of a turn; without a turn, of the one that was started last. */
  sound(pcm: Int16Array, turn: string | null): void;
  /** The whole of a segment as it is known now: in a room, which knows no turns. */
  words(segment: Segment): void;
  /** A typed message is on its way to an agent that confirms none. */
  delivered(id: string): void;
  /** A typed message is out for long: if nobody confirmed it by now, it was lost. */
  unsure(): void;
  /** The agent's name, as it shows itself. */
  named(name: string): void;
  /** The agent's picture. */
  video(element: HTMLVideoElement | null): void;
  /** Comes once, and never after `abandon` or `leave`. */
  closed(end: RoadEnd): void;
}

export type Shown = "camera" | "screen";

export interface Road {
  readonly transport: Transport;
  readonly room: Room | null;
  /** Tells whether the message went out, or will by itself. */
  send(message: ClientMessage): boolean;
  sendSound(pcm: Int16Array<ArrayBuffer>): void;
  /** The user goes. */
  leave(): void;
  /** The line is given up, and nobody left. */
  abandon(): void;
  /** Whether the road sees by itself that the network is gone. */
  readonly mends: boolean;
  /** Shows the agent a camera or the screen: the page's own track, or one that the user picks. */
  publish?(what: Shown, track?: MediaStreamTrack): Promise<void>;
  unpublish?(what: Shown): Promise<void>;
}

export interface RoomGiven {
  readonly opening: Opening;
  /** None where the sound failed: then the session goes on in writing. */
  readonly audio: AudioSeam | null;
  readonly hooks: RoadHooks;
  readonly options: Pick<SessionOptions, "encryption">;
}

/** What `room.js` holds: everything that only a session in a room needs. */
export interface Rooms {
  readonly audio: AudioFactory;
  enter(given: RoomGiven): Road;
  /** Moves the session's microphone by the switches that a page finds in the room. */
  follow(room: Room, session: Switched, wrong: (error: SessionError) => void): void;
}
