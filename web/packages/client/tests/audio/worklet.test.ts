/** The worklets' file as an AudioContext loads it: what its two processors tell the page. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  type FromMicrophone,
  type FromSpeaker,
  MICROPHONE,
  SPEAKER,
  type ToMicrophone,
  type ToSpeaker,
} from "../../src/audio/protocol.js";
import { pcm, rms, sine } from "./sounds.js";

const RATE = 48000;
const BLOCK = 128;

class Port {
  readonly told: unknown[] = [];
  readonly given: Transferable[] = [];
  onmessage: ((event: { data: ToMicrophone | ToSpeaker }) => void) | null = null;

  postMessage(message: unknown, given: Transferable[] = []): void {
    this.told.push(message);
    this.given.push(...given);
  }
}

interface Processor {
  readonly port: Port;
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

const made = new Map<string, new (options: object) => Processor>();

before(async () => {
  // The scope of a worklet: without it the file cannot be loaded.
  Object.assign(globalThis, {
    sampleRate: RATE,
    AudioWorkletProcessor: class {
      readonly port = new Port();
    },
    registerProcessor: (name: string, made_: new (options: object) => Processor) => made.set(name, made_),
  });
  await import("../../src/audio/worklet.js");
});

function make(name: string, setup: object): Processor {
  const processor = made.get(name);
  assert.ok(processor, `${name} is registered`);
  return new processor({ processorOptions: setup });
}

function speaker(): { told: FromSpeaker[]; tell(message: ToSpeaker): void; listen(ms: number): Float32Array; open(): boolean } {
  const processor = make(SPEAKER, { outputRate: 16000 });
  return {
    told: processor.port.told as FromSpeaker[],
    tell: (data) => processor.port.onmessage?.({ data }),
    listen(ms) {
      const heard = new Float32Array(Math.ceil((ms * RATE) / 1000 / BLOCK) * BLOCK);
      for (let at = 0; at < heard.length; at += BLOCK) processor.process([], [[heard.subarray(at, at + BLOCK)]]);
      return heard;
    },
    open: () => processor.process([], [[new Float32Array(BLOCK)]]),
  };
}

const sound = (seconds: number): ArrayBuffer => pcm(sine(500, 16000, seconds)).buffer as ArrayBuffer;

test("The loudspeaker obeys: begin, play, pause, resume, end; and says which turn it speaks of.", () => {
  const { told, tell, listen } = speaker();
  tell({ do: "begin", turn: 7 });
  tell({ do: "play", pcm: sound(0.5) });
  tell({ do: "end" });
  assert.ok(rms(listen(200)) > 0.3);
  tell({ do: "pause" });
  assert.equal(rms(listen(200).subarray(240)), 0);
  tell({ do: "resume" });
  listen(400);
  assert.deepEqual(told.filter(({ why }) => why !== "tick").map(({ why }) => why), ["paused", "resumed", "dry"]);
  assert.deepEqual(told.at(-1), { turn: 7, samples: 8000, why: "dry" });
});

test("A turn that is cut by the next is told under its own number.", () => {
  const { told, tell, listen } = speaker();
  tell({ do: "begin", turn: 1 });
  tell({ do: "play", pcm: sound(1) });
  listen(50);
  tell({ do: "begin", turn: 2 });
  assert.deepEqual({ ...told.at(-1), samples: 0 }, { turn: 1, samples: 0, why: "stopped" });
  tell({ do: "drop" });
  assert.deepEqual(told.at(-1), { turn: 2, samples: 0, why: "stopped" });
});

test("A loudspeaker that is closed ends.", () => {
  const { tell, open } = speaker();
  assert.equal(open(), true);
  tell({ do: "close" });
  assert.equal(open(), false);
});

test("The microphone gives its frames away, and knows whether the loudspeaker sounds.", () => {
  for (const playing of [true, false]) {
    const { tell, listen } = speaker();
    tell({ do: "begin", turn: 1 });
    if (playing) tell({ do: "play", pcm: sound(3) });
    listen(20);
    const microphone = make(MICROPHONE, { inputRate: 16000, frameMs: 40 });
    const vowel = new Float32Array(RATE);
    for (let i = RATE / 2; i < RATE; i++) {
      for (let n = 1; n <= 12; n++) vowel[i]! += (0.1 / n) * Math.cos((2 * Math.PI * 140 * n * i) / RATE + n * n);
    }
    for (let at = 0; at < RATE; at += BLOCK) microphone.process([[vowel.subarray(at, at + BLOCK)]], [[]]);
    const told = microphone.port.told as FromMicrophone[];
    const frames = told.filter((message) => message.type === "frame");
    assert.equal(frames.length, 24);
    assert.deepEqual(microphone.port.given, frames.map((frame) => frame.pcm));
    assert.deepEqual(
      told.filter((message) => message.type === "voice"),
      [{ type: "voice", what: "began", over: playing }],
    );
  }
});

test("A microphone to which nothing is connected waits, until it is closed.", () => {
  const microphone = make(MICROPHONE, { inputRate: 16000, frameMs: 40 });
  assert.equal(microphone.process([[]], [[]]), true);
  microphone.port.onmessage?.({ data: { do: "close" } });
  assert.equal(microphone.process([[]], [[]]), false);
  assert.deepEqual(microphone.port.told, []);
});
