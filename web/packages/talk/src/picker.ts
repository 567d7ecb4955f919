/** Who answers, and which microphone is heard. */
import type { Call } from "./call.js";
import type { Model } from "./model.js";
import { make, need, type PageData } from "./page.js";
import type { Scene } from "./scene.js";

export class Picker {
  private readonly agents = document.getElementById("agents");
  private readonly device = need("device", HTMLElement);
  private readonly devices = need("devices", HTMLSelectElement);
  private inputs: readonly MediaDeviceInfo[] = [];

  constructor(page: PageData, call: Call) {
    this.agents?.addEventListener("change", (event) => {
      const chosen = event.target instanceof HTMLInputElement ? event.target.value : "";
      const agent = page.agents.find((each) => each.slug === chosen);
      if (agent !== undefined) call.answerBy(agent);
    });
    this.devices.addEventListener("change", () => call.listenNow(this.devices.value));
  }

  /** Fills the list of microphones; unnamed ones are those that the user did not allow yet. */
  list(devices: readonly MediaDeviceInfo[]): void {
    this.inputs = devices.filter((one) => one.kind === "audioinput" && one.label !== "");
    const before = this.devices.value;
    const options = this.inputs.map((one) => {
      const option = make("option", "", one.label);
      option.value = one.deviceId;
      return option;
    });
    this.devices.replaceChildren(...options);
    if (this.inputs.some((one) => one.deviceId === before)) this.devices.value = before;
  }

  draw(model: Model, scene: Scene): void {
    const over = model.line === "disconnected" || model.line === "failed";
    if (this.agents !== null) {
      this.agents.hidden = !scene.begin && !over;
      for (const radio of this.agents.querySelectorAll("input")) {
        radio.checked = radio.value === model.agent.slug;
      }
    }
    this.device.hidden = model.line !== "connected" || this.inputs.length < 2;
  }
}
