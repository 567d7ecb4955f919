/** LiveKit's own switches of the microphone, which a page finds in the room: they move the session's. */
import type { Participant, Room, RoomEvent, TrackPublication } from "livekit-client";

import { microphoneRefused } from "./codes.js";
import type { SessionError } from "./error.js";
import type { SessionCore } from "./session.js";

// Said here, for livekit-client itself is loaded only where there is a room.
const FAILED = "mediaDevicesError" as RoomEvent.MediaDevicesError;
const MUTED = "trackMuted" as RoomEvent.TrackMuted;
const UNMUTED = "trackUnmuted" as RoomEvent.TrackUnmuted;

/** The name of the session's own track: a page may publish others. */
export const OURS = "duologue";

/** What they move. */
export type Switched = Pick<SessionCore, "microphone" | "pushToTalk" | "publishMicrophone" | "setMuted">;

/**
 * A session publishes a track of silence until it has a microphone, so `setMicrophoneEnabled(true)`
 * finds one to be unmuted: whoever does that wants to be heard.
 */
export function follow(room: Room, session: Switched, wrong: (error: SessionError) => void): void {
  const ours = (publication: TrackPublication, of: Participant): boolean =>
    of === room.localParticipant &&
    publication.source === "microphone" &&
    publication.trackName === OURS;
  room
    .on(FAILED, (error, kind) => {
      if (kind === "audioinput") wrong(microphoneRefused(error));
    })
    .on(UNMUTED, (publication, of) => {
      if (!ours(publication, of)) return;
      if (session.microphone === "muted") session.setMuted(false);
      else if (!["on", "asking"].includes(session.microphone)) void session.publishMicrophone();
    })
    .on(MUTED, (publication, of) => {
      // What the session mutes itself is muted by then; of push-to-talk it is the button.
      if (ours(publication, of) && session.microphone === "on" && !session.pushToTalk) session.setMuted(true);
    });
}
