/** The keyboard: M mutes, Escape interrupts, Space talks while it is held. */
import type { Call } from "./call.js";

const WRITES = "input:not([type=radio]), textarea, select, [contenteditable]";
const PRESSES = "a, button:not(#hold), summary, input";

export function keyboard(call: Call): void {
  addEventListener("keydown", (event) => {
    const at = event.target instanceof Element ? event.target : document.body;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return call.interrupt();
    if (at.closest(WRITES) !== null) return;
    const heard = ["on", "muted"].includes(call.model.microphone);
    if (event.key.toLowerCase() === "m" && !event.repeat && heard && !call.model.pushToTalk) {
      call.toggleMute();
    }
    if (event.key === " " && call.model.pushToTalk && call.model.line === "connected") {
      if (at.closest(PRESSES) !== null) return;
      event.preventDefault();
      if (!event.repeat) call.hold();
    }
  });
  addEventListener("keyup", (event) => {
    if (event.key === " ") call.release();
  });
  addEventListener("blur", () => call.release());
}
