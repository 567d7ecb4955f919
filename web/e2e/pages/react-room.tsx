/** Our components under LiveKit's own provider. */
import {
  AudioVisualizer,
  ChatTranscript,
  ControlBar,
} from "@duologue/react/livekit";
import "@duologue/react/styles.css";
import { RoomAudioRenderer, SessionProvider, useSession } from "@livekit/components-react";
import { TokenSource } from "livekit-client";
import { type ReactNode, StrictMode, useMemo } from "react";
import { createRoot } from "react-dom/client";

const agentName = new URLSearchParams(location.search).get("agent") ?? "parrot";

function App(): ReactNode {
  const tokens = useMemo(() => TokenSource.endpoint("/api/token"), []);
  const session = useSession(tokens, { agentName });
  return (
    <SessionProvider session={session}>
      <RoomAudioRenderer />
      <main className="parts">
        <h1>In a room</h1>
        <AudioVisualizer variant="bars" />
        <ControlBar />
        <ChatTranscript />
      </main>
    </SessionProvider>
  );
}

createRoot(document.body.appendChild(document.createElement("div"))).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
