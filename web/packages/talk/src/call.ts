/** The conversation behind the page: one session of the client, and what the user asks of it. */
import { Session, type SessionError, type TranscriptEntry } from "@duologue/client";
import { type Choices, keep, recall } from "./choices.js";
import { fresh, type Model, type Trouble } from "./model.js";
import type { PageData, TalkAgent } from "./page.js";

export interface CallHooks {
  changed(model: Model): void;
  said(entries: readonly TranscriptEntry[]): void;
  notice(text: string): void;
  devices(list: readonly MediaDeviceInfo[]): void;
}

/** What the whole page says already needs no notice. */
const SHOWN_BY_STATE: ReadonlySet<string> = new Set(["ended", "replaced", "going_away"]);
const PICKED_UP = {
  live: "Picked up where you left off.",
  rebuilt: "Picked up from what was said before.",
} as const;

export class Call {
  model: Model;
  /** What the centre piece listens to; nothing while the line is down. */
  get source(): Session | null {
    return this.model.line === "connected" ? this.session : null;
  }

  private session: Session;
  private choices: Choices = { voice: true, muted: false };
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly page: PageData,
    private readonly hooks: CallHooks,
  ) {
    // The agent whose conversation this very tab was in comes first; then it goes on unasked.
    const sessions = page.agents.map((agent) => ({ agent, session: this.make(agent) }));
    const live = sessions.find(({ session }) => session.reloaded) ?? sessions[0];
    for (const { session } of sessions) if (session !== live?.session) session.close();
    if (live === undefined) throw new Error("there is no agent");
    this.session = live.session;
    this.model = { ...this.blank(live.agent), resumable: live.session.canResume() };
    this.listen(this.session);
    for (const name of ["online", "offline"] as const) {
      addEventListener(name, () => this.update({ online: navigator.onLine }));
    }
  }

  /** Goes on with the conversation that a reload of this tab broke. */
  begin(): void {
    this.update({});
    if (!this.session.reloaded) return;
    const chosen = recall();
    if (!chosen.voice) this.renew(this.model.agent, chosen);
    this.choose({ muted: chosen.muted });
    void this.connect({ fresh: false });
  }

  answerBy(agent: TalkAgent): void {
    if (agent !== this.model.agent) this.renew(agent, this.choices);
  }

  talk(): void {
    // Only the first button asks for the voice; a later one keeps to how the user was talking.
    const { line } = this.model;
    this.open(line === "idle" || this.choices.voice, line !== "failed");
  }

  anew(): void {
    this.open(this.choices.voice, true);
  }

  resume(): void {
    this.open(this.choices.voice, false);
  }

  type(): void {
    this.open(false, true);
  }

  /** Sends what was typed, and opens the line for it if none is open. */
  say(text: string): void {
    if (!this.isOpen()) this.type();
    this.session.sendText(text);
  }

  end(): void {
    this.session.disconnect();
  }

  toggleMute(): void {
    this.choose({ muted: this.model.microphone !== "muted" });
  }

  interrupt(): void {
    if (this.model.line === "connected") this.session.interrupt();
  }

  hear(): void {
    void this.session.unblockSound();
  }

  listenNow(deviceId?: string): void {
    this.choose({ voice: true });
    void this.session.enableMicrophone(deviceId);
  }

  hold(): void {
    const { line, pushToTalk, holding, microphone } = this.model;
    if (line !== "connected" || !pushToTalk || holding || microphone !== "on") return;
    this.session.startTurn();
    this.update({ holding: true });
  }

  release(): void {
    if (!this.model.holding) return;
    this.update({ holding: false });
    if (this.model.line === "connected") this.session.endTurn();
  }

  // ------------------------------------------------------------ within

  private isOpen(): boolean {
    return ["connecting", "connected", "reconnecting"].includes(this.model.line);
  }

  private open(voice: boolean, anew: boolean): void {
    if (this.isOpen()) return;
    if (voice !== this.choices.voice) this.renew(this.model.agent, { voice, muted: false });
    this.choose({ voice, muted: false });
    void this.connect({ fresh: anew });
  }

  private choose(choice: Partial<Choices>): void {
    this.choices = { ...this.choices, ...choice };
    this.session.setMuted(this.choices.muted);
    keep(this.choices);
  }

  private async connect(how: { readonly fresh: boolean }): Promise<void> {
    clearTimeout(this.timer);
    try {
      await this.session.connect(how);
    } catch {
      // The state says it, and with it the page.
    }
  }

  private blank(agent: TalkAgent): Model {
    return fresh(agent, navigator.onLine, this.page.publicKey === null);
  }

  private make(agent: TalkAgent): Session {
    return new Session({
      agent: agent.slug,
      microphone: this.choices.voice,
      workletUrl: "/assets/worklet.js",
      ...(this.page.publicKey === null ? {} : { publicKey: this.page.publicKey }),
    });
  }

  private renew(agent: TalkAgent, choices: Choices): void {
    clearTimeout(this.timer);
    this.session.close();
    this.choices = choices;
    this.session = this.make(agent);
    this.listen(this.session);
    this.model = this.blank(agent);
    this.update({ resumable: this.session.canResume() });
    this.hooks.said([]);
  }

  private listen(session: Session): void {
    const ours = (work: () => void): void => {
      if (session === this.session) work();
    };
    session.on("state", () => ours(() => this.moved()));
    session.on("agentState", (agentState) => ours(() => this.update({ agentState, tool: null })));
    session.on("microphone", (microphone) => ours(() => this.update({ microphone })));
    session.on("sound", (sound) => ours(() => this.update({ sound })));
    session.on("resumability", (resumable) => ours(() => this.update({ resumable })));
    session.on("notice", ({ code, message }) =>
      ours(() => {
        if (!SHOWN_BY_STATE.has(code)) this.hooks.notice(message);
      }),
    );
    session.on("devices", (devices) => ours(() => this.hooks.devices(devices)));
    session.on("tool", ({ name, status }) =>
      ours(() => this.update({ tool: status === "started" ? name : null })),
    );
    session.on("error", (error) =>
      ours(() => {
        if (this.model.line === "connected") this.hooks.notice(error.message);
      }),
    );
    session.on("transcript", (entries) =>
      ours(() => {
        this.hooks.said(entries);
        this.update({ spoken: entries.length > 0 });
      }),
    );
  }

  private moved(): void {
    const { session } = this;
    const before = this.model.line;
    const line = session.state;
    const lostAt = line === "reconnecting" ? (this.model.lostAt ?? performance.now()) : null;
    const trouble = session.failure === null ? null : troubled(session.failure);
    const pushToTalk = line === "connected" ? session.pushToTalk : this.model.pushToTalk;
    const resumable = session.canResume();
    const holding = line === "connected" && this.model.holding;
    this.update({ line, lostAt, trouble, pushToTalk, resumable, holding, tool: null });
    if (line === "connected" && before !== "connected" && session.resumed !== null) {
      this.hooks.notice(PICKED_UP[session.resumed]);
      // An agent that never left has begun long ago, and tells only what changes from now on.
      if (session.resumed === "live" && session.agentState === "initializing") {
        this.update({ agentState: "listening" });
      }
    }
    if (line === "failed" && trouble?.retryAt != null) {
      const wait = trouble.retryAt - performance.now();
      this.timer = setTimeout(() => this.talk(), wait);
    }
  }

  private update(change: Partial<Model>): void {
    this.model = { ...this.model, ...change };
    this.hooks.changed(this.model);
  }
}

function troubled(error: SessionError): Trouble {
  const { code, message, retryAfter } = error;
  const retryAt = retryAfter === null ? null : performance.now() + retryAfter * 1000;
  return { code, message, retryAt };
}
