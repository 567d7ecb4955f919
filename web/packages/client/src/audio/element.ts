/** The agent's voice as an element of the page, though an AudioContext makes it heard. */

/** Where an element's wishes go. */
export interface Output {
  volume: number;
  muted: boolean;
}

/**
 * An element that plays the voice's stream in silence, for the context is faster; its own `volume`,
 * `muted` and `setSinkId` change what is heard.
 */
export function voiceElement(
  context: AudioContext,
  stream: MediaStream,
  told: (output: Output) => void,
): HTMLAudioElement {
  const element = document.createElement("audio");
  element.muted = true;
  element.srcObject = stream;
  element.autoplay = true;
  const output: Output = { volume: 1, muted: false };
  const wished = <Name extends keyof Output>(name: Name): PropertyDescriptor => ({
    configurable: true,
    get: () => output[name],
    set(value: Output[Name]) {
      output[name] = value;
      told(output);
      element.dispatchEvent(new Event("volumechange"));
    },
  });
  Object.defineProperty(element, "volume", wished("volume"));
  Object.defineProperty(element, "muted", wished("muted"));
  const sinks = context as AudioContext & { setSinkId?(id: string): Promise<void>; sinkId?: unknown };
  Object.defineProperty(element, "sinkId", { get: () => String(sinks.sinkId ?? "") });
  element.setSinkId = async (id) => {
    if (sinks.setSinkId !== undefined) return sinks.setSinkId(id);
    throw new DOMException("This browser has one loudspeaker for a page's sound.", "NotSupportedError");
  };
  return element;
}
