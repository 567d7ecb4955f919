/** Any `ControlledSession`, with what the components of this package need besides. */
import {
  type ControlledSession,
  type LiveKitSession,
  SessionError,
  sessionBehind,
} from "@duologue/client";
import type { Room, Track } from "livekit-client";
import { type Level, TrackLevel } from "./meter.js";
import type { AgentSession, Speaker } from "./types.js";

/** The word itself, for a page may have no livekit-client to import it from. */
export const MICROPHONE = "microphone" as Track.Source.Microphone;

type Besides = Pick<AgentSession, "getRoom" | "sendText" | "level">;

/** By their `connect`, which stays the same: so what is added to a session stays the same too. */
const added = new WeakMap<object, Besides>();
const made = new WeakMap<ControlledSession, AgentSession>();

/** The same session, typed to and measured through the `LiveKitSession` behind it. */
export function agentSessionOf(given: ControlledSession): AgentSession {
  if ("sendText" in given && "getRoom" in given) return given as AgentSession;
  const known = made.get(given);
  if (known !== undefined) return known;
  const besides = added.get(given.connect) ?? through(sessionBehind(given));
  added.set(given.connect, besides);
  const session = { ...given, ...besides };
  made.set(given, session);
  return session;
}

/** How loud somebody is now; `session` is asked for the newest each time. */
export function levelOf(session: () => AgentSession | null, of: Speaker): Level {
  const heard = new TrackLevel(() => {
    const now = session();
    if (of === "user") return microphoneIn(now?.getRoom() ?? null);
    const { srcObject } = now?.audioElement ?? { srcObject: null };
    return srcObject instanceof MediaStream ? (srcObject.getAudioTracks()[0] ?? null) : null;
  });
  return {
    get level() {
      return session()?.level?.(of) ?? heard.level;
    },
    close: () => heard.close(),
  };
}

/** The user's own track in a room, while it is published. */
export function microphoneIn(room: Room | null): MediaStreamTrack | null {
  const publication = room?.localParticipant.getTrackPublication(MICROPHONE);
  return publication?.track?.mediaStreamTrack ?? null;
}

function through(session: LiveKitSession | null): Besides {
  if (session === null) {
    const words =
      "This session takes no text: it was made by hand, and has no sendText(). Give it one, or use useLiveKitSession().";
    return {
      getRoom: () => null,
      sendText: () => Promise.reject(new SessionError("no_text", words)),
    };
  }
  return {
    getRoom: () => session.getRoom(),
    sendText: async (text) => void (await session.sendText(text)),
    level: (of) => (of === "agent" ? session.outputLevel : session.inputLevel),
  };
}
