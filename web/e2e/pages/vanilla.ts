/** A page with the published @layercode/js-sdk; only its public options and methods are used. */
import LayercodeClient from "@layercode/js-sdk";

import { callbacks, log, loudness, microphone, note, type Options, type State } from "./log";

let client: LayercodeClient | null = null;

function made(): LayercodeClient {
  if (client === null) throw new Error("make() comes first");
  return client;
}

window.page = {
  log,
  loudness,
  microphone,
  make({ websocketUrl, ...options }: Options): void {
    client = new LayercodeClient({
      ...options,
      ...callbacks,
      onStatusChange: (status) => note("status", status),
      onUserIsSpeakingChange: (speaking) => note("userSpeaking", speaking),
      onAgentAmplitudeChange: (amplitude) => loudness.push({ after: log.length, amplitude }),
      onUserAmplitudeChange: (amplitude) => microphone.push({ after: log.length, amplitude }),
    });
    client._websocketUrl = websocketUrl;
  },
  async call(method: string, ...values: unknown[]): Promise<unknown> {
    const found: unknown = Reflect.get(made(), method);
    if (typeof found !== "function") throw new Error(`the client has no ${method}()`);
    await Reflect.apply(found, made(), values);
    return null;
  },
  state(): State {
    const { status, conversationId, userSpeaking, agentSpeaking, isMuted } = made();
    return { status, conversationId, userSpeaking, agentSpeaking, isMuted };
  },
};
