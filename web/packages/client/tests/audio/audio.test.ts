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
  readonly audioWorklet = { addModule: async () => {} };

  async close(): Promise<void> {}
}

function browser(): void {
  Object.assign(globalThis, {
    AudioContext: Context,
    AudioWorkletNode: Node,
    AnalyserNode: Meter,
    document: new EventTarget(),
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
      failed: (reason) => told.push(reason),
    });
    await audio.open();
    Node.made.get(name)?.onprocessorerror?.({ message: "out of range" });
    await audio.close();
    assert.deepEqual(told, ["on", `the ${end}'s worklet threw: out of range`, "off"]);
  });
}
