/** The two ends of sound, on the audio thread: a microphone and a loudspeaker that know of each other. */
import { Capture } from "./capture.js";
import { Playout } from "./playout.js";
import {
  type FromMicrophone,
  type FromSpeaker,
  MICROPHONE,
  type MicrophoneSetup,
  SPEAKER,
  type SpeakerSetup,
  type ToMicrophone,
  type ToSpeaker,
} from "./protocol.js";

// The scope of a worklet, which the DOM's types leave out.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, made: new (options: never) => AudioWorkletProcessor): void;

type Channels = readonly (readonly Float32Array[])[];

/** One scope belongs to one AudioContext, so the microphone may look at its loudspeaker directly. */
let sounding = false;

class MicrophoneProcessor extends AudioWorkletProcessor {
  private readonly capture: Capture;
  private open = true;

  constructor({ processorOptions: setup }: { processorOptions: MicrophoneSetup }) {
    super();
    this.capture = new Capture(sampleRate, setup.inputRate, setup.frameMs, {
      frame: (pcm, level) => this.tell({ type: "frame", pcm: pcm.buffer, level }, [pcm.buffer]),
      voice: (what, over) => this.tell({ type: "voice", what, over }),
    });
    this.port.onmessage = ({ data }: MessageEvent<ToMicrophone>) => {
      this.open = data.do !== "close";
    };
  }

  process(inputs: Channels): boolean {
    const samples = inputs[0]?.[0];
    // Between two devices nothing is connected: no input is no time passing.
    if (samples !== undefined) this.capture.push(samples as Float32Array, sounding);
    return this.open;
  }

  private tell(message: FromMicrophone, given: Transferable[] = []): void {
    this.port.postMessage(message, given);
  }
}

class SpeakerProcessor extends AudioWorkletProcessor {
  private readonly playout: Playout;
  private turn = 0;
  private open = true;

  constructor({ processorOptions: setup }: { processorOptions: SpeakerSetup }) {
    super();
    this.playout = new Playout(setup.outputRate, sampleRate, (samples, why) => {
      const message: FromSpeaker = { turn: this.turn, samples, why };
      this.port.postMessage(message);
    });
    this.port.onmessage = ({ data }: MessageEvent<ToSpeaker>) => this.obey(data);
  }

  process(_inputs: Channels, outputs: Channels): boolean {
    const out = outputs[0]?.[0];
    if (out !== undefined) this.playout.render(out as Float32Array);
    sounding = this.playout.sounding;
    return this.open;
  }

  private obey(message: ToSpeaker): void {
    switch (message.do) {
      case "begin":
        this.playout.begin(); // tells what became of the last turn under its own number
        this.turn = message.turn;
        return;
      case "play":
        return this.playout.play(new Int16Array(message.pcm));
      case "end":
        return this.playout.endTurn();
      case "drop":
        return this.playout.drop();
      case "pause":
        return this.playout.pause();
      case "resume":
        return this.playout.resume();
      case "close":
        this.open = false;
        return;
      default:
        return message satisfies never;
    }
  }
}

registerProcessor(MICROPHONE, MicrophoneProcessor);
registerProcessor(SPEAKER, SpeakerProcessor);
