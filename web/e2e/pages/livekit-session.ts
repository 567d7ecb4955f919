/** A page that writes down everything that a `LiveKitSession` tells; a test does the rest. */
import {
  clearSession,
  LiveKitSession,
  loadSession,
  type SessionOptions,
  saveSession,
} from "@duologue/client";

const options = JSON.parse(decodeURIComponent(location.hash.slice(1))) as SessionOptions;
const session = new LiveKitSession(options);
/** The callback's name and what it was given; elements by their tag. */
const told: unknown[][] = [];

const note =
  (name: string) =>
  (...given: unknown[]): void => {
    told.push([name, ...given.map((each) => (each instanceof Element ? each.tagName : each))]);
  };

session.onConnectionStateChange = note("onConnectionStateChange");
session.onAgentStateChange = note("onAgentStateChange");
session.onTranscript = note("onTranscript");
session.onAgentConfig = note("onAgentConfig");
session.onAudioTrack = note("onAudioTrack");
session.onVideoTrack = note("onVideoTrack");
session.onVideoTrackRemoved = note("onVideoTrackRemoved");
session.onError = note("onError");
session.onDataMessage = note("onDataMessage");
session.onResumabilityChange = note("onResumabilityChange");

/** What a promise came to: `done`, or the code of what was wrong. */
async function tried(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return String((error as { readonly code?: unknown }).code ?? error);
  }
}

Object.assign(globalThis, { session, told, tried, saveSession, loadSession, clearSession });
