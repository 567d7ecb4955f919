/** A page with the published @layercode/react-sdk: one component around its hook. */
import { useLayercodeAgent } from "@layercode/react-sdk";
import { type ReactNode, useEffect } from "react";
import { createRoot, type Root } from "react-dom/client";

import { callbacks, log, loudness, microphone, note, type Options, type State } from "./log";

type Agent = ReturnType<typeof useLayercodeAgent>;

let agent: Agent | null = null;
let root: Root | null = null;

function Talk({ websocketUrl, conversationId, ...options }: Options): ReactNode {
  agent = useLayercodeAgent({
    ...options,
    ...callbacks,
    ...(conversationId == null ? {} : { conversationId }),
    onUserSpeakingChange: (speaking: boolean) => note("userSpeaking", speaking),
    _websocketUrl: websocketUrl,
  });
  const { status, agentAudioAmplitude } = agent;
  useEffect(() => note("status", status), [status]);
  useEffect(() => {
    loudness.push({ after: log.length, amplitude: agentAudioAmplitude });
  }, [agentAudioAmplitude]);
  return <p>{status}</p>;
}

function mounted(): Agent {
  if (agent === null) throw new Error("make() comes first");
  return agent;
}

window.page = {
  log,
  loudness,
  microphone,
  make(options: Options): void {
    root ??= createRoot(document.body.appendChild(document.createElement("main")));
    root.render(<Talk {...options} />);
  },
  async call(method: string, ...values: unknown[]): Promise<unknown> {
    if (method === "unmount") {
      root?.unmount();
      root = null;
      return null;
    }
    const found: unknown = Reflect.get(mounted(), method);
    if (typeof found !== "function") throw new Error(`the hook gives no ${method}()`);
    await Reflect.apply(found, null, values);
    return null;
  },
  state(): State {
    const { status, conversationId, userSpeaking, agentSpeaking, isMuted } = mounted();
    return { status, conversationId: conversationId ?? null, userSpeaking, agentSpeaking, isMuted };
  },
};
