/** One session for a whole app: held at its root, found anywhere below. */
import type { ControlledSession, SessionOptions } from "@duologue/client";
import { createContext, type ReactNode, useContext, useEffect, useRef } from "react";
import { useMicrophoneState } from "./microphone/use-microphone-state.js";
import { agentSessionOf } from "./surface.js";
import type { AgentSession, LiveKitSessionState } from "./types.js";
import { useLiveKitSession } from "./use-livekit-session.js";

/** What the components of this package look for. */
export const SessionContext = createContext<AgentSession | null>(null);

interface Common {
  readonly children?: ReactNode;
  /** Takes the microphone when the line opens; true unless it is said. */
  readonly microphone?: boolean;
}

interface Own extends Common, SessionOptions {
  /** Goes on by itself where the tab was in a conversation until it reloaded; true unless it is said. */
  readonly resume?: boolean;
  readonly session?: never;
}

interface Given extends Common {
  /** A session that is held elsewhere. */
  readonly session: ControlledSession;
}

/** A session of its own for the provider, or one that the page gives it. */
export type AgentSessionProviderProps = Own | Given;

/**
 * Keeps one session alive over every page below it, and gives it to `useAgentSession()`.
 *
 * Put it above the router. It makes its own session of `agentId`, or hands on the `session` it is given.
 */
export function AgentSessionProvider(props: AgentSessionProviderProps): ReactNode {
  return props.session === undefined ? <Holding {...props} /> : <Handing {...props} />;
}

function Holding({ children, microphone = true, resume = true, ...options }: Own): ReactNode {
  const session = useLiveKitSession(options);
  useReturn(session, resume);
  return (
    <Handing session={session} microphone={microphone}>
      {children}
    </Handing>
  );
}

function Handing({ session, children, microphone = true }: Given): ReactNode {
  useMicrophoneState(session, { publish: microphone, level: false });
  return (
    <SessionContext.Provider value={agentSessionOf(session)}>{children}</SessionContext.Provider>
  );
}

/** The session of the provider above, a new object at each change. */
export function useAgentSession(): AgentSession {
  const session = useContext(SessionContext);
  if (session !== null) return session;
  throw new Error(
    "useAgentSession() found no session above this component. Put <AgentSessionProvider agentId=…> " +
      'around your app, or, under LiveKit\'s <SessionProvider>, import from "@duologue/react/livekit".',
  );
}

/** Reloading a page is no reason to end what was said on it. */
function useReturn({ session, connect }: LiveKitSessionState, wanted: boolean): void {
  const asked = useRef<unknown>(null);
  useEffect(() => {
    if (!wanted || session === null || asked.current === session) return;
    asked.current = session;
    if (session.reloaded && session.canResume()) void connect().catch(() => {}); // `error` says it
  }, [session, connect, wanted]);
}
