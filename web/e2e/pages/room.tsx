/** A LiveKit user's page: livekit-client and @livekit/components-react as they were published. */
import {
  RoomAudioRenderer,
  SessionProvider,
  TrackToggle,
  useAgent,
  useSession,
  useSessionContext,
  useSessionMessages,
} from "@livekit/components-react";
import { type RemoteTrack, RoomEvent, TokenSource, Track } from "livekit-client";
import { type FormEvent, type ReactNode, useEffect } from "react";
import { createRoot } from "react-dom/client";

import { type Asked, note, seen, watch } from "./room-log";

const { endpoint, development, headers, encryptionKey, ...asked } = JSON.parse(
  new URLSearchParams(location.search).get("asked") ?? "{}",
) as Asked;

const tokens = development
  ? TokenSource.developmentTokenServer("anything", { baseUrl: development })
  : TokenSource.endpoint(endpoint ?? "/api/token", headers ? { headers } : {});
const encryption = encryptionKey && {
  key: encryptionKey,
  worker: new Worker("/build/e2ee-worker.js", { type: "module" }),
};
const TYPING = { tracks: { microphone: { enabled: false } } };

function App(): ReactNode {
  const session = useSession(tokens, { ...asked, ...(encryption ? { encryption } : {}) });
  return (
    <SessionProvider session={session}>
      <RoomAudioRenderer />
      <Talk />
    </SessionProvider>
  );
}

function Talk(): ReactNode {
  const session = useSessionContext();
  const agent = useAgent();
  const { messages, send } = useSessionMessages(session);
  const { room, connectionState } = session;

  useEffect(() => note("connection", connectionState), [connectionState]);
  useEffect(() => note("agent", agent.state), [agent.state]);
  useEffect(() => {
    room.on(RoomEvent.Disconnected, (reason) => note("disconnected", reason ?? null));
    room.on(RoomEvent.TrackSubscribed, (track: RemoteTrack) => {
      if (track.kind === Track.Kind.Audio) watch(track.mediaStreamTrack);
    });
    room.on(RoomEvent.DataReceived, (data: Uint8Array) =>
      note("data", new TextDecoder().decode(data)),
    );
  }, [room]);
  seen.local = () => {
    const microphone = room.localParticipant.getTrackPublication(Track.Source.Microphone);
    return {
      room: room.name,
      identity: room.localParticipant.identity,
      encrypted: room.isE2EEEnabled,
      microphone: microphone ? { sid: microphone.trackSid, encrypted: microphone.isEncrypted } : null,
      agentEncrypted: agent.microphoneTrack?.publication.isEncrypted ?? null,
    };
  };

  /** What a button starts; its failure is the page's to tell. */
  const told = (what: string, work: Promise<unknown>): void => {
    work.then(
      () => note(what, null),
      (error: unknown) => note(what, error),
    );
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const box = event.currentTarget.elements.namedItem("words") as HTMLInputElement;
    told("sent", send(box.value));
    box.value = "";
  };

  return (
    <main>
      <p id="connection">{connectionState}</p>
      <p id="agent">{agent.state}</p>
      <p id="failure">{agent.failureReasons?.join(" ") ?? ""}</p>
      <button id="start" onClick={() => told("started", session.start())} />
      <button id="start-typing" onClick={() => told("started", session.start(TYPING))} />
      <button id="end" onClick={() => told("ended", session.end())} />
      <TrackToggle id="microphone" source={Track.Source.Microphone} />
      <button id="clear" onClick={() => told("in clear", session.setEncryptionEnabled(false))} />
      <button id="encrypt" onClick={() => told("encrypted", session.setEncryptionEnabled(true))} />
      <ul>
        {messages.map((one) => (
          <li key={one.id} data-type={one.type} data-from={one.from?.identity ?? ""}>
            {one.message}
          </li>
        ))}
      </ul>
      <form onSubmit={submit}>
        <input name="words" id="words" />
      </form>
    </main>
  );
}

createRoot(document.body.appendChild(document.createElement("div"))).render(<App />);
