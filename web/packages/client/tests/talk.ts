/** A session in a world of its own, with what it told. */
import { SessionCore } from "../src/session.js";
import type { SessionOptions } from "../src/types.js";
import { answer, type FakeSocket, FakeWorld, settled } from "./fakes.js";

export class Talk {
  readonly world = new FakeWorld();
  readonly session: SessionCore;
  readonly told: string[] = [];

  constructor(options: Partial<SessionOptions> = {}) {
    const fixed = { agent: "desk", memory: null, workletUrl: "/worklet.js" };
    this.session = new SessionCore({ ...fixed, ...options }, this.world);
    this.session.on("state", (state) => this.told.push(state));
    this.session.on("error", (error) => this.told.push(`error ${error.code}`));
    this.session.on("notice", (notice) => this.told.push(`notice ${notice.code}`));
    this.session.on("resumability", (possible) => this.told.push(possible ? "may return" : "may not"));
  }

  /** A session that is connected and ready. */
  static async open(options: Partial<SessionOptions> = {}, reply = answer()): Promise<Talk> {
    const talk = new Talk(options);
    talk.world.replies.push(reply);
    const connected = talk.session.connect();
    await settled();
    await talk.line.open();
    await connected;
    talk.told.length = 0;
    return talk;
  }

  get line(): FakeSocket {
    return this.world.line;
  }

  /** An answer of the agent that speaks so many samples. */
  speaks(turn: string, samples: number): void {
    this.line.says({ type: "turn.start", role: "assistant", turn_id: turn });
    this.line.says({ type: "response.text.delta", content: "Hello.", turn_id: turn });
    this.line.sounded(samples);
  }
}
