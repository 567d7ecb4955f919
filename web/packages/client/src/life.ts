/** The life of a `LiveKitSession`: opened by its door or by a token, left, gone on with, saved. */
import { SessionError } from "./error.js";
import { Keeper } from "./keeping.js";
import type { LineState } from "./line.js";
import type { Right } from "./right.js";
import { isLive, loadedWith, type SavedSession } from "./saved.js";
import type { SessionCore } from "./session.js";
import { Telling } from "./telling.js";
import type { Ticket } from "./types.js";
import { faceOf } from "./view.js";
import type { World } from "./world.js";

export abstract class Life extends Telling {
  private readonly keeper: Keeper;
  /** Whether the conversation could be gone on with when the present opening began. */
  private mayReturn = false;
  /** The conversation was forgotten, and no other one has begun. */
  private forgotten = false;

  protected constructor(
    core: SessionCore,
    private readonly right: Right,
    private readonly world: World,
  ) {
    super(core);
    const well = (): boolean => core.state === "connected";
    this.keeper = new Keeper(this, () => this.saving, well, world);
  }

  /** Whether `connect` goes on with the conversation: while it is open, and five minutes after. */
  canResume(): boolean {
    if (this.core.state === "connecting") return this.mayReturn && this.core.canResume();
    return !this.forgotten && this.core.canResume();
  }

  /** Address, token and conversation of the line that is open; null while none is. */
  get ticket(): Required<Ticket> | null {
    return this.isOpen ? this.core.ticket : null;
  }

  /**
   * Opens the session; goes on with the conversation if it can. One that is open stays as it is.
   * What fails is told to `onError`, and rejected.
   */
  readonly connect = (): Promise<void> => this.heard(this.open());

  /** Opens the session that a token is for: a JWT opens a room, `dk_session_…` a socket. */
  readonly connectWithToken = (url: string, token: string): Promise<void> =>
    this.heard(this.byToken(url, token));

  /**
   * Leaves, and clears the transcript. `connect` goes on with the conversation for five minutes;
   * `reset` makes it a new one. Safe at any time.
   */
  readonly disconnect = (): void => {
    this.together(() => {
      this.trying = false; // what was tried was left, and that is told
      this.keeper.leave();
      this.core.unpublishMicrophone(); // nobody asked for it in the next session
      this.core.disconnect();
      if (this.shown === "error") this.left = true;
      this.blank = this.core.transcript;
    });
  };

  /** Forgets the conversation: the next `connect` begins a new one. */
  reset(): void {
    this.mustBeShut();
    this.forgotten = true;
    this.right.drop();
    this.blank = this.core.transcript;
    this.changed();
  }

  /** Leaves, and lets go of the sound, every listener and every timer. Idempotent. */
  close(): void {
    this.disconnect();
    this.core.close();
    this.surfaces.clear();
  }

  // ------------------------------------------------------------ within

  protected moved(state: LineState): void {
    if (this.isOpen && !this.wasOpen) {
      this.forgotten = false;
      this.keeper.begin();
    }
    if (state !== "disconnected" && state !== "failed") return;
    this.keeper.end();
    this.tools.clear();
    if (this.wasOpen) this.core.unpublishMicrophone();
    const { failure } = this.core;
    if (failure !== null) this.wrong(failure);
  }

  private async open(ticket: Ticket | null = null): Promise<void> {
    const { core } = this;
    if (core.state !== "connecting" && !this.isOpen) {
      this.mayReturn = this.canResume() && ticket === null;
      this.left = false;
      this.trouble = null;
    }
    try {
      await core.connect({ fresh: this.forgotten, ...(ticket === null ? {} : { ticket }) });
    } catch (error) {
      // What the line says of its own end was told already.
      if (error instanceof SessionError && error.code !== "left") this.wrong(error);
      throw error;
    }
  }

  private async byToken(url: string, token: string): Promise<void> {
    this.mustBeShut();
    const kept = loadedWith(token);
    if (!kept?.resumeToken) return this.open({ url, token });
    const { resumeToken, conversationId, roomName, config } = kept;
    const right = { token: resumeToken, conversationId, at: this.world.now() };
    this.right.hand(right);
    this.forgotten = false;
    this.face = faceOf(this.face, kept.agent);
    if (isLive(kept, this.world.now())) {
      this.trying = true;
      const ticket = { url, token, roomName, conversationId, resumeToken };
      try {
        return await this.open(config === null ? ticket : { ...ticket, config });
      } catch (error) {
        if (!(error instanceof SessionError) || error.code === "left") throw error;
        this.right.hand(right); // a room that closes under us says nothing against the conversation
      } finally {
        this.trying = false;
      }
    }
    return this.open();
  }

  /** What is kept for the next page. */
  private get saving(): SavedSession | null {
    const { ticket } = this;
    if (ticket === null) return null;
    const { url, token, resumeToken, config, roomName, conversationId } = ticket;
    const { face: agent } = this;
    const where = { url, token, roomName: roomName ?? "", conversationId: conversationId ?? "" };
    return { ...where, resumeToken, config, agent, ts: this.world.now(), left: false };
  }

  private mustBeShut(): void {
    if (!this.isOpen && this.core.state !== "connecting") return;
    throw new SessionError("is_open", "This session is open; call session.disconnect() first.");
  }
}
