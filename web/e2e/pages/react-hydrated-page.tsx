/** A page that a server renders, and a browser takes over: a provider, its components, and a widget. */
import { AgentSessionProvider, AudioVisualizer, AvatarWidget, ChatTranscript, ControlBar } from "@duologue/react";
import { type ReactNode, StrictMode, useState } from "react";

declare global {
  interface Window {
    /** What the widget called: the callback's name, and what it was given. */
    called: [name: string, detail: unknown][];
  }
}

const note =
  (name: string) =>
  (detail?: unknown): void => {
    window.called.push([name, detail]);
  };

export function Page({ server }: { readonly server: string }): ReactNode {
  return (
    <StrictMode>
      <AgentSessionProvider agentId="parrot" baseUrl={server}>
        <AudioVisualizer variant="orb" />
        <ControlBar />
        <ChatTranscript />
      </AgentSessionProvider>
      <AvatarWidget
        agentId="parrot"
        baseUrl={server}
        mode="text"
        feedback="thumbs"
        onOpen={note("onOpen")}
        onClose={note("onClose")}
        onConnect={note("onConnect")}
        onDisconnect={note("onDisconnect")}
        onState={note("onState")}
        onTranscript={note("onTranscript")}
        onFeedback={note("onFeedback")}
      />
      <Count />
    </StrictMode>
  );
}

/** Something that works only once the page was taken over. */
function Count(): ReactNode {
  const [count, set] = useState(0);
  return (
    <button id="count" type="button" onClick={() => set(count + 1)}>
      {count}
    </button>
  );
}
