import assert from "node:assert/strict";
import { test } from "node:test";
import type { AudioHooks, AudioOptions, AudioSeam } from "../../client/src/audio/seam.js";
import { type Socket, Voice } from "../src/live/voice.js";

/** A microphone and a loudspeaker without a device. */
class Device implements AudioSeam {
  readonly done: string[] = [];
  readonly inputLevel = 0;
  readonly outputLevel = 0;
  readonly microphoneId = null;
  playedMs = 0;
  constructor(
    readonly options: AudioOptions,
    readonly hooks: AudioHooks,
  ) {}
  open = async (): Promise<void> => undefined;
  startMicrophone = async (): Promise<void> => void this.done.push("microphone");
  stopMicrophone = (): void => undefined;
  setMuted = (): void => undefined;
  setGate = (): void => undefined;
  beginTurn = (): void => void this.done.push("begin");
  play = (pcm: Int16Array): void => void this.done.push(`play ${pcm.length}`);
  endTurn = (): void => undefined;
  drop = (): void => void this.done.push("drop");
  resumeSound = async (): Promise<void> => undefined;
  close = async (): Promise<void> => void this.done.push("close");
}

class Wire implements Socket {
  binaryType: BinaryType = "blob";
  bufferedAmount = 0;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: number[] = [];
  closed = false;
  send = (pcm: ArrayBuffer): void => void this.sent.push(pcm.byteLength);
  close = (): void => void (this.closed = true);
  says(data: object | ArrayBuffer): void {
    const told = data instanceof ArrayBuffer ? data : JSON.stringify(data);
    this.onmessage?.({ data: told } as MessageEvent<string | ArrayBuffer>);
  }
}

interface Stage {
  readonly voice: Voice;
  readonly told: string[];
  readonly wires: Wire[];
  readonly devices: Device[];
}

function stage(): Stage {
  const [told, wires, devices]: [string[], Wire[], Device[]] = [[], [], []];
  const voice = new Voice("wss://here/voice", (state, words) => told.push(`${state} ${words}`.trim()), {
    open: () => {
      wires.push(new Wire());
      return wires.at(-1) as Wire;
    },
    sound: (options, hooks) => {
      devices.push(new Device(options, hooks));
      return devices.at(-1) as Device;
    },
  });
  return { voice, told, wires, devices };
}

/** A voice that is heard. */
async function open(written = true): Promise<Stage & { wire: Wire; device: Device }> {
  const made = stage();
  await made.voice.start();
  const wire = made.wires[0] as Wire;
  wire.says({ type: "open", rate: 16000, written });
  return { ...made, wire, device: made.devices[0] as Device };
}

test("the microphone is asked for first, and nothing is sent before the server listens", async () => {
  const { voice, told, wires, devices } = stage();
  const starting = voice.start();
  assert.equal(wires.length, 0);
  await starting;
  devices[0]?.hooks.microphone(new Int16Array(320));
  assert.deepEqual(wires[0]?.sent, []);
  wires[0]?.says({ type: "open", rate: 16000, written: true });
  devices[0]?.hooks.microphone(new Int16Array(320));
  assert.deepEqual(wires[0]?.sent, [640]);
  assert.equal(voice.state, "on");
  assert.match(told.at(-1) ?? "", /^on Your microphone is on: .* you hear the visitor\.$/);
});

test("an agent that understands no speech is said to write nothing down", async () => {
  const { told } = await open(false);
  assert.match(told.at(-1) ?? "", /not written down/);
});

test("sound that would leave late is not sent", async () => {
  const { wire, device } = await open();
  wire.bufferedAmount = 16_001;
  device.hooks.microphone(new Int16Array(320));
  assert.deepEqual(wire.sent, []);
});

test("a visitor who is behind is caught up with", async () => {
  const { wire, device } = await open();
  for (let i = 0; i < 7; i++) wire.says(new ArrayBuffer(3200));
  assert.deepEqual(device.done.slice(1), ["begin", ...Array<string>(7).fill("play 1600")]);
  wire.says(new ArrayBuffer(3200));
  assert.deepEqual(device.done.slice(9), ["drop", "begin", "play 1600"]);
});

test("what the server closes is over, with its reason where there is one", async () => {
  for (const [code, message, words] of [
    ["handed_back", "", "off"],
    ["replaced", "", "off You speak from another page now."],
    ["voice_elsewhere", "It runs elsewhere.", "off It runs elsewhere."],
  ] as const) {
    const { told, voice, wire, device } = await open();
    wire.says({ type: "closing", code, message });
    assert.equal(told.at(-1), words);
    assert.equal(voice.state, "off");
    assert.equal(wire.closed, true);
    assert.equal(device.done.at(-1), "close");
    device.hooks.microphone(new Int16Array(320));
    wire.says(new ArrayBuffer(3200));
    wire.onclose?.({} as CloseEvent);
    assert.equal(told.at(-1), words);
    assert.deepEqual(wire.sent, []);
  }
});

test("a line that breaks, a microphone that is refused and sound that fails are told", async () => {
  const broken = await open();
  broken.wire.onclose?.({} as CloseEvent);
  assert.match(broken.told.at(-1) ?? "", /^off The line to the server broke/);
  const denied = await open();
  denied.device.hooks.micState("denied");
  assert.match(denied.told.at(-1) ?? "", /^off Your browser lets this page use no microphone/);
  const failed = await open();
  failed.device.hooks.failed("it burst");
  assert.equal(failed.told.at(-1), "off Your sound broke down: it burst");
});

test("a microphone that is refused at once opens no line, and may be tried again", async () => {
  const { voice, told, wires, devices } = stage();
  const starting = voice.start();
  devices[0]?.hooks.micState("denied");
  await starting;
  assert.equal(wires.length, 0);
  assert.match(told.at(-1) ?? "", /^off /);
  await voice.start();
  assert.equal(wires.length, 1);
  await voice.start();
  assert.equal(wires.length, 1);
});
