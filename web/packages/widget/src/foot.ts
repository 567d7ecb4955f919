/** The last line of the panel: which microphone is heard, and that the conversation is kept or recorded. */
import type { Call } from "./call.js";
import { make, set, write } from "./dom.js";
import type { Model } from "./model.js";
import type { Translate } from "./texts/index.js";

export class Foot {
  readonly element: HTMLElement;
  private readonly notice = make("p", "record");
  private readonly devices = make("select", "devices");
  private inputs: readonly MediaDeviceInfo[] = [];
  private heard: string | null = null;

  constructor(call: Call) {
    this.element = make("div", "foot", {}, this.devices, this.notice);
    this.devices.addEventListener("change", () => call.speak(this.devices.value));
  }

  /** Fills the list of microphones; unnamed ones are those that the visitor did not allow yet. */
  list(found: readonly MediaDeviceInfo[]): void {
    this.inputs = found.filter((one) => one.kind === "audioinput" && one.label !== "");
    const options = this.inputs.map((one) => make("option", "", { value: one.deviceId }, one.label));
    this.devices.replaceChildren(...options);
    this.choose();
  }

  draw({ settings, line }: Model, t: Translate): void {
    const heard = line.state === "connected" && line.microphone !== "off" && settings.mode !== "text";
    this.devices.hidden = !heard || this.inputs.length < 2;
    set(this.devices, "aria-label", t("microphone"));
    this.heard = line.microphoneId;
    this.choose();
    const recorded = settings.recorded || line.recorded;
    const notice = settings.recordNotice || recorded;
    write(this.notice, notice === true ? t(recorded ? "taped" : "recorded") : notice || "");
    this.notice.hidden = !notice;
    this.element.hidden = this.devices.hidden && this.notice.hidden;
  }

  /** Shows which one is heard, whoever chose it. */
  private choose(): void {
    if (this.heard !== null && this.devices.value !== this.heard) this.devices.value = this.heard;
  }
}
