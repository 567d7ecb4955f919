/** The sound of a session in a browser whose worklets fail. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Audio } from "../../src/audio/audio.js";
import { MICROPHONE, SPEAKER } from "../../src/audio/protocol.js";
import { Devices } from "./devices.js";

class Node {
  static readonly made = new Map<string, Node>();
  readonly port = { onmessage: null, postMessage(): void {} };
  onprocessorerror: ((event: { message: string }) => void) | null = null;

  constructor(_context: object, name?: string) {
    if (name !== undefined) Node.made.set(name, this);
  }

  connect(next: object): object {
    return next;
  }

  disconnect(): void {}
}

class Meter extends Node {
  readonly fftSize = 512;

  constructor() {
    super({});
  }
}

class Context extends EventTarget {
  readonly state = "running";
  readonly destination = {};
  readonly stream = {};
  sinkId = "";
  readonly audioWorklet = { addModule: async () => {} };

  async setSinkId(id: string): Promise<void> {
    this.sinkId = id;
  }

  createMediaStreamDestination(): object {
    return { stream: this.stream };
  }

  async close(): Promise<void> {}
}

class Gain extends Node {
  static last: Gain;
  readonly gain = { value: 1 };

  constructor(context: object) {
    super(context);
    Gain.last = this;
  }
}

class AudioElement extends EventTarget {
  srcObject: object | null = null;
  private quiet = false;

  /** What the browser itself plays it with. */
  get quietly(): boolean {
    return this.quiet;
  }

  get muted(): boolean {
    return this.quiet;
  }

  set muted(muted: boolean) {
    this.quiet = muted;
  }
}

function browser(): void {
  Object.assign(globalThis, {
    AudioContext: Context,
    AudioWorkletNode: Node,
    AnalyserNode: Meter,
    GainNode: Gain,
    document: Object.assign(new EventTarget(), { createElement: () => new AudioElement() }),
  });
  const value = { mediaDevices: new Devices() };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
}

for (const [name, end] of [
  [MICROPHONE, "microphone"],
  [SPEAKER, "loudspeaker"],
] as const) {
  test(`A worklet of the ${end} that throws is told, with what it said.`, async () => {
    browser();
    const told: string[] = [];
    const options = { workletUrl: "", inputRate: 16_000, outputRate: 16_000, frameMs: 40, bargeIn: true };
    const audio = new Audio(options, {
      microphone: () => {},
      played: () => {},
      micState: () => {},
      soundState: (state) => told.push(state),
      devices: () => {},
      replaced: () => {},
      element: () => {},
      failed: (reason) => told.push(reason),
    });
    await audio.open();
    Node.made.get(name)?.onprocessorerror?.({ message: "out of range" });
    await audio.close();
    assert.deepEqual(told, ["on", `the ${end}'s worklet threw: out of range`, "off"]);
  });
}

test("The voice is an element of the page, whose volume, muting and loudspeaker are what is heard.", async () => {
  browser();
  let element: HTMLAudioElement | null = null;
  const options = { workletUrl: "", inputRate: 16_000, outputRate: 16_000, frameMs: 40, bargeIn: true };
  const nothing = (): void => {};
  const audio = new Audio(options, {
    microphone: nothing,
    played: nothing,
    micState: nothing,
    soundState: nothing,
    devices: nothing,
    replaced: nothing,
    element: (given) => (element = given),
    failed: nothing,
  });
  await audio.open();
  const voice = element as unknown as HTMLAudioElement & AudioElement;
  let changes = 0;
  voice.addEventListener("volumechange", () => changes++);
  assert.deepEqual([voice.quietly, voice.muted, voice.volume, voice.srcObject !== null], [true, false, 1, true]);
  voice.volume = 0.25;
  assert.equal(Gain.last.gain.value, 0.25);
  voice.muted = true;
  assert.deepEqual([Gain.last.gain.value, voice.volume, voice.muted, changes], [0, 0.25, true, 2]);
  voice.muted = false;
  assert.equal(Gain.last.gain.value, 0.25);
  await voice.setSinkId("usb");
  assert.equal(voice.sinkId, "usb");
  await audio.close();
  assert.equal(voice.srcObject, null);
});
