/** `useLiveKitSession`: one session for as long as the component is there. */
import { LiveKitSession, type SessionOptions } from "@duologue/client";
import { useEffect, useState, useSyncExternalStore } from "react";
import { Held } from "./held.js";
import type { LiveKitSessionState } from "./types.js";

/**
 * Holds a session and shows it: a new object at each change, with functions that stay the same.
 *
 * Nothing is asked of the server before `connect()`. Another `agentId` or `baseUrl` (key, endpoint)
 * is another session, and the old one is closed, as it is when the component goes for good.
 */
export function useLiveKitSession(options: SessionOptions): LiveKitSessionState {
  const { agentId, baseUrl, apiKey, sessionEndpoint } = options;
  const key = JSON.stringify([agentId, baseUrl, apiKey, sessionEndpoint]);
  const [first, setHeld] = useState(() => holder(key, options));
  let held = first;
  if (held.key !== key) {
    held = holder(key, options);
    setHeld(held);
  }
  // A body that is written anew at each render is no reason to hang up; the next connection has it.
  const { newest } = held;
  useEffect(() => {
    newest.options = options;
  });
  return useSyncExternalStore(held.subscribe, held.snapshot, () => held.idle);
}

class Holder extends Held {
  constructor(
    key: string,
    /** What the component was last rendered with. */
    readonly newest: { options: SessionOptions },
  ) {
    const { agentId, baseUrl = "" } = newest.options;
    super(key, agentId, baseUrl, () => new LiveKitSession(live(newest)));
  }
}

function holder(key: string, options: SessionOptions): Holder {
  return new Holder(key, { options });
}

/** The options as they were, but for what the newest render says goes with the session. */
function live(newest: { options: SessionOptions }): SessionOptions {
  const { baseUrl } = newest.options;
  return {
    // Not every bundler takes a worklet along; the server that is asked for a session has it too.
    ...(baseUrl ? { workletUrl: `${baseUrl.replace(/\/+$/, "")}/assets/worklet.js` } : {}),
    ...newest.options,
    get sessionBody() {
      return newest.options.sessionBody ?? {};
    },
  };
}
