/** What the page in a room writes down for the test: states in their order, and how loud it is. */

/** What a test asks of the page: the options of `useSession`, and how to reach its tokens. */
export interface Asked {
  readonly endpoint?: string;
  /** Where the development token server is, to be asked instead. */
  readonly development?: string;
  readonly headers?: Record<string, string>;
  readonly encryptionKey?: string;
  readonly agentName?: string;
  readonly agentMetadata?: string;
  readonly roomName?: string;
  readonly participantName?: string;
}

interface Local {
  readonly room: string;
  readonly identity: string;
  readonly encrypted: boolean;
  readonly microphone: { readonly sid: string; readonly encrypted: boolean } | null;
  readonly agentEncrypted: boolean | null;
}

interface Seen {
  readonly log: { readonly name: string; readonly value: unknown }[];
  /** The energy of what comes of the agent's newest track, 20 times a second, and when it was. */
  readonly levels: { readonly at: number; readonly energy: number }[];
  local(): Local;
}

declare global {
  interface Window {
    seen: Seen;
  }
}

export const seen: Seen = {
  log: [],
  levels: [],
  local() {
    throw new Error("nothing is drawn yet");
  },
};
window.seen = seen;

const STEP = 50;
let context: AudioContext | null = null;
let source: MediaStreamAudioSourceNode | null = null;
let analyser: AnalyserNode | null = null;

/** Writes one thing down; errors become their message. */
export function note(name: string, value: unknown): void {
  seen.log.push({ name, value: value instanceof Error ? value.message : value });
}

/** Measures a track from now on, instead of the one before it. */
export function watch(track: MediaStreamTrack): void {
  if (context === null || analyser === null) {
    context = new AudioContext();
    analyser = context.createAnalyser();
    measure(analyser);
  }
  source?.disconnect();
  source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
}

function measure(heard: AnalyserNode): void {
  const samples = new Float32Array(heard.fftSize);
  setInterval(() => {
    heard.getFloatTimeDomainData(samples);
    const squares = samples.reduce((sum, one) => sum + one * one, 0);
    seen.levels.push({ at: performance.now(), energy: Math.sqrt(squares / samples.length) });
  }, STEP);
}
