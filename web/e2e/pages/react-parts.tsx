/** A page of hooks and components that a test changes while it is open: agent, session, what is shown. */
import {
  AgentSessionProvider,
  agentSessionOf,
  AudioVisualizer,
  AvatarWidget,
  ChatTranscript,
  ControlBar,
  type LiveKitSessionState,
  type UseMicrophoneState,
  useLiveKitSession,
  useMicrophoneState,
} from "@duologue/react";
import "@duologue/react/styles.css";
import { type ReactNode, StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

interface Given {
  /** What is on the page. */
  readonly shows: "parts" | "hooks" | "connecting" | "widget" | "controlled" | "nothing";
  readonly agentId: string;
  readonly baseUrl: string;
}

interface Shown {
  session: LiveKitSessionState | null;
  microphone: UseMicrophoneState | null;
  /** Every session that there was, in order. */
  readonly sessions: object[];
  readonly navigated: string[];
  renders: number;
  set(given: Partial<Given>): void;
}

declare global {
  interface Window {
    shown: Shown;
  }
}

const asked = new URLSearchParams(location.search);
const first: Given = {
  shows: (asked.get("shows") ?? "parts") as Given["shows"],
  agentId: asked.get("agent") ?? "parrot",
  baseUrl: asked.get("server") ?? location.origin,
};

window.shown = {
  session: null,
  microphone: null,
  sessions: [],
  navigated: [],
  renders: 0,
  set: () => {},
};

function Page(): ReactNode {
  const [given, set] = useState(first);
  window.shown.set = (change) => set((before) => ({ ...before, ...change }));
  const { agentId, baseUrl } = given;
  switch (given.shows) {
    case "parts":
      return (
        <AgentSessionProvider agentId={agentId} baseUrl={baseUrl}>
          <Parts />
        </AgentSessionProvider>
      );
    case "hooks":
      return <Hooks agentId={agentId} baseUrl={baseUrl} />;
    case "connecting":
      return <Connecting agentId={agentId} baseUrl={baseUrl} />;
    case "widget":
      return (
        <AvatarWidget
          agentId={agentId}
          baseUrl={baseUrl}
          sessionEndpoint={asked.get("endpoint") ?? undefined}
          sessionBody={{ plan: "gold" }}
          defaultOpen
        />
      );
    case "controlled":
      return <Controlled {...given} />;
    case "nothing":
      return null;
    default:
      return given.shows satisfies never;
  }
}

function Parts(): ReactNode {
  return (
    <main className="parts">
      <h1>Talk</h1>
      <div className="voices">
        <AudioVisualizer variant="orb" />
        <AudioVisualizer variant="bars" />
      </div>
      <ControlBar />
      <ChatTranscript className="log" />
    </main>
  );
}

function Hooks({ agentId, baseUrl }: Pick<Given, "agentId" | "baseUrl">): ReactNode {
  const session = useLiveKitSession({ agentId, baseUrl, sessionBody: { plan: "gold" } });
  const microphone = useMicrophoneState(session, { publish: asked.has("speaks") });
  const { shown } = window;
  useEffect(() => {
    Object.assign(shown, { session, microphone, renders: shown.renders + 1 });
    if (session.session && !shown.sessions.includes(session.session)) shown.sessions.push(session.session);
  });
  return <p id="line">{session.connectionState}</p>;
}

/** As many write it: connect when shown. StrictMode shows it twice. */
function Connecting(given: Pick<Given, "agentId" | "baseUrl">): ReactNode {
  const { connect, connectionState } = useLiveKitSession(given);
  useEffect(() => void connect().catch(() => {}), [connect]);
  return <p id="line">{connectionState}</p>;
}

/** A session of the page's own, and a widget over it that can be taken away. */
function Controlled({ agentId, baseUrl }: Given): ReactNode {
  const session = useLiveKitSession({ agentId, baseUrl });
  const [widget, setWidget] = useState(true);
  useEffect(() => {
    Object.assign(window.shown, { session });
  });
  return (
    <main>
      <button id="toggle" onClick={() => setWidget(!widget)}>
        Widget
      </button>
      {asked.has("beside") && <AvatarWidget {...{ agentId, baseUrl }} controlledSession={agentSessionOf(session)} />}
      {widget && (
        <AvatarWidget
          agentId={agentId}
          baseUrl={baseUrl}
          controlledSession={agentSessionOf(session)}
          defaultOpen
          onNavigate={(href) => window.shown.navigated.push(href)}
        />
      )}
    </main>
  );
}

document.body.insertAdjacentHTML(
  "beforeend",
  `<style>
    :root { color-scheme: light dark }
    body { margin: 0; background: light-dark(#faf8f4, #16140f); color: light-dark(#1f1b16, #efe9dd) }
    .parts { display: grid; gap: 1rem; max-width: 34rem; margin: 0 auto; padding: 1.5rem 1rem; font: 1rem/1.5 system-ui }
    .parts h1 { margin: 0; font: 500 2rem/1.2 Georgia, serif }
    .voices { display: flex; gap: 2rem; align-items: center; justify-content: center }
    .log { height: 24rem }
  </style><div id="root"></div>`,
);
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
