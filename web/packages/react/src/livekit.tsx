/**
 * The same components under LiveKit's own `SessionProvider`.
 *
 * A module of its own: a bundler that meets an import of @livekit/components-react fails where that
 * package is not installed, and who needs none of this shall carry none of it.
 */
import {
  useAgent,
  useMaybeSessionContext,
  type UseSessionReturn,
  useSessionMessages,
} from "@livekit/components-react";
import type { Room, RoomEvent } from "livekit-client";
import { type ComponentType, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import { AudioVisualizer as Visualizer, type AudioVisualizerProps } from "./audio-visualizer.js";
import { ChatTranscript as Chat, type ChatTranscriptProps } from "./chat-transcript.js";
import { SessionContext } from "./context.js";
import { ControlBar as Bar, type ControlBarProps } from "./control-bar.js";
import { agentStateOf, entriesOf, errorOf, lineOf, shown } from "./livekit-view.js";
import type { AgentSession } from "./types.js";

const DATA = "dataReceived" as RoomEvent.DataReceived;

/**
 * A session of LiveKit's `useSession`, as a `ControlledSession`: for the components of this package,
 * for `<AvatarWidget controlledSession={…}>`, and for surfaces of your own.
 */
export function useControlledSession(session: UseSessionReturn): AgentSession {
  const agent = useAgent(session);
  const { messages, send } = useSessionMessages(session);
  const [opened, setOpened] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const { room, connectionState } = session;
  useEffect(() => {
    if (connectionState === "connected") setOpened(true);
  }, [connectionState]);

  const newest = useRef({ session, send });
  useEffect(() => {
    newest.current = { session, send };
  });
  const acts = useMemo(() => {
    const start = async (): Promise<void> => {
      setRefused(null);
      try {
        await newest.current.session.start();
      } catch (error) {
        setRefused(error instanceof Error ? error.message : String(error));
        throw error;
      }
    };
    return {
      connect: start,
      disconnect: () => void newest.current.session.end(),
      getRoom: () => newest.current.session.room,
      sendText: async (text: string) => void (await newest.current.send(text)),
      sendData: (data: Record<string, unknown>) => told(newest.current.session.room, data),
      subscribeToDataMessages: (handler: (message: Record<string, unknown>) => void) =>
        heard(newest.current.session.room, handler),
    };
  }, []);

  const voice = agent.microphoneTrack?.publication.track?.mediaStreamTrack ?? null;
  const picture = agent.cameraTrack?.publication.track?.mediaStreamTrack ?? null;
  // Elements to read the streams from: the sound itself is <RoomAudioRenderer>'s.
  const audioElement = useMemo(() => shown("audio", voice), [voice]);
  const videoElement = useMemo(() => shown("video", picture), [picture]);

  const { identity } = room.localParticipant;
  const name = agent.attributes?.["lk.agent.name"] || agent.name || agent.identity || "";
  const transcript = useMemo(
    () => entriesOf(messages, identity, agent.state === "speaking"),
    [messages, identity, agent.state],
  );
  const error = errorOf(agent.failureReasons, refused);
  const state = agentStateOf(agent.state);
  const line = lineOf(connectionState, opened, error !== null);
  return useMemo(
    (): AgentSession => ({
      agentId: name,
      connectionState: line,
      agentState: state,
      transcript,
      agentConfig: name === "" ? null : { name, avatarImageUrl: null },
      videoElement,
      audioElement,
      canResume: false,
      error,
      ...acts,
    }),
    [name, line, state, transcript, videoElement, audioElement, error, acts],
  );
}

/** Gives the session of LiveKit's provider above to all that `useAgentSession()` below. */
export function AgentSessionBridge({ children }: { readonly children?: ReactNode }): ReactNode {
  const session = useMaybeSessionContext();
  if (session !== undefined) return <Bridge session={session}>{children}</Bridge>;
  throw new Error("AgentSessionBridge found no session above it. Put LiveKit's <SessionProvider> around it.");
}

/** `ControlBar` for the session of LiveKit's own provider. */
export const ControlBar: ComponentType<ControlBarProps> = bridged(Bar, "ControlBar");
/** `ChatTranscript` for the session of LiveKit's own provider. */
export const ChatTranscript: ComponentType<ChatTranscriptProps> = bridged(Chat, "ChatTranscript");
/** `AudioVisualizer` for the session of LiveKit's own provider. */
export const AudioVisualizer: ComponentType<AudioVisualizerProps> = bridged(
  Visualizer,
  "AudioVisualizer",
);

/** The component under either provider; ours goes first, for it may stand within theirs. */
function bridged<Props extends object>(
  Component: ComponentType<Props>,
  name: string,
): ComponentType<Props> {
  const Bridged = (props: Props): ReactNode => {
    const ours = useContext(SessionContext);
    const theirs = useMaybeSessionContext();
    const component = <Component {...props} />;
    if (ours !== null || theirs === undefined) return component;
    return <Bridge session={theirs}>{component}</Bridge>;
  };
  Bridged.displayName = name;
  return Bridged;
}

function Bridge({ session, children }: { session: UseSessionReturn; children: ReactNode }): ReactNode {
  const controlled = useControlledSession(session);
  return <SessionContext.Provider value={controlled}>{children}</SessionContext.Provider>;
}

async function told(room: Room, data: Record<string, unknown>): Promise<void> {
  const packet = new TextEncoder().encode(JSON.stringify(data));
  await room.localParticipant.publishData(packet, { reliable: true });
}

/** What is no JSON object is somebody else's packet. */
function heard(room: Room, handler: (message: Record<string, unknown>) => void): () => void {
  const listener = (packet: Uint8Array, _from: unknown, _kind: unknown, topic?: string): void => {
    if (topic) return;
    let message: unknown;
    try {
      message = JSON.parse(new TextDecoder().decode(packet));
    } catch {
      return;
    }
    if (typeof message === "object" && message !== null) handler(message as Record<string, unknown>);
  };
  room.on(DATA, listener);
  return () => void room.off(DATA, listener);
}
