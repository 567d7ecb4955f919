/** A `LiveKitSession` in a world of its own, with everything that its callbacks were told. */
import { LiveKitSession } from "../src/livekit-session.js";
import type { SessionOptions } from "../src/options.js";
import { answer, type FakeSocket, FakeWorld, settled } from "./fakes.js";

export const CALLBACKS = [
  "onConnectionStateChange",
  "onAgentStateChange",
  "onTranscript",
  "onAgentConfig",
  "onAudioTrack",
  "onVideoTrack",
  "onVideoTrackRemoved",
  "onError",
  "onDataMessage",
  "onResumabilityChange",
] as const;
type Name = (typeof CALLBACKS)[number];

export class Surface {
  readonly world: FakeWorld;
  readonly session: LiveKitSession;
  readonly told: [Name, ...unknown[]][] = [];

  constructor(options: Partial<SessionOptions> = {}, world = new FakeWorld()) {
    this.world = world;
    const fixed = { agentId: "desk", memory: null, workletUrl: "/worklet.js" };
    this.session = new LiveKitSession({ ...fixed, ...options }, world);
    for (const name of CALLBACKS) {
      this.session[name] = (...given: unknown[]) => void this.told.push([name, ...given]);
    }
  }

  /** A session that is connected; what that told is forgotten. */
  static async open(options: Partial<SessionOptions> = {}, reply = answer()): Promise<Surface> {
    const surface = new Surface(options);
    await surface.connects(reply);
    surface.told.length = 0;
    return surface;
  }

  async connects(reply = answer()): Promise<void> {
    this.world.replies.push(reply);
    const connected = this.session.connect();
    await settled();
    await this.line.open();
    await connected;
    await settled();
  }

  get line(): FakeSocket {
    return this.world.line;
  }

  /** What one callback was told, each time. */
  of(name: Name): unknown[] {
    return this.told.filter(([each]) => each === name).map(([, first]) => first);
  }

  /** Connection, errors and the right to come back, as they were told. */
  get story(): string[] {
    const words: Partial<Record<Name, (first: unknown, second: unknown) => string>> = {
      onConnectionStateChange: (state) => String(state),
      onError: (_, code) => `error ${String(code)}`,
      onResumabilityChange: (possible) => (possible ? "may return" : "may not"),
    };
    return this.told.flatMap(([name, first, second]) => words[name]?.(first, second) ?? []);
  }
}
