import { AudioVisualizer, ChatTranscript, ControlBar } from "@duologue/react";
import "@duologue/react/styles.css";
import type { ReactNode } from "react";

/** Surfaces of one's own: the same session again, in the components that one puts together oneself. */
export function Contact(): ReactNode {
  return (
    <main className="plain split">
      <div>
        <p className="over">Mill Lane 3</p>
        <h1>Find us</h1>
        <p className="lead">
          Two minutes from the station, through the arch, the door with the lamp. There is a bench for
          those who come early.
        </p>
        <dl>
          <dt>Open</dt>
          <dd>Tuesday to Sunday, 7 to 22 o’clock</dd>
          <dt>Telephone</dt>
          <dd>01632 960 183</dd>
          <dt>Tables</dt>
          <dd>Ask here, or on any page</dd>
        </dl>
      </div>
      <section className="desk" aria-label="Ask our host">
        <AudioVisualizer variant="orb" className="orb" />
        <ControlBar labels={{ talk: "Ask our host" }} />
        <ChatTranscript className="chat" labels={{ agent: "Host" }} />
      </section>
    </main>
  );
}
