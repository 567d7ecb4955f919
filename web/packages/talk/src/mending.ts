/** What is wrong with a microphone, and how its owner mends it. */
import type { MicrophoneState } from "@duologue/client";
import type { Mend } from "./scene.js";

export function microphoneTrouble(state: MicrophoneState): Mend | null {
  switch (state) {
    case "denied":
      return mend(
        "This page may not hear you",
        "Open the settings beside the address, allow the microphone, then try again. " +
          "Until then, type.",
        "Try again",
      );
    case "missing":
      return mend(
        "There is no microphone",
        "Plug one in or switch it on, then try again. Until then, type.",
        "Try again",
      );
    case "lost":
      return mend(
        "The microphone is gone",
        "It was unplugged or taken by another program. Plug it in again, or choose another one.",
        "Try again",
      );
    case "unsupported":
      return {
        title: "This browser cannot hear here",
        text: "Microphones need a page over HTTPS or on this very machine. You can type.",
        act: null,
        label: "",
      };
    case "off":
    case "asking":
    case "on":
    case "muted":
      return null;
    default:
      return state satisfies never;
  }
}

function mend(title: string, text: string, label: string): Mend {
  return { title, text, act: "listen", label };
}
