/** A conversation with an agent: one object for the page, which knows nothing of sockets and samples. */
import type { Room } from "livekit-client";
import type { MicrophoneState, SoundState, Source } from "./audio/seam.js";
import { SessionError } from "./error.js";
import { Events } from "./events.js";
import type { LineState } from "./line.js";
import { Live } from "./live.js";
import type { Shown } from "./road.js";
import type {
  AgentActivity,
  SessionEvents,
  SessionOptions,
  Ticket,
  TranscriptEntry,
  Transport,
} from "./types.js";
import type { AgentFace, OpeningConfig } from "./wire.js";
import type { World } from "./world.js";

/** The agent's attribute, `1`, by which everybody in a room knows that its sound is recorded. */
const RECORDED = "duologue.recorded";

export class SessionCore {
  private readonly events = new Events<SessionEvents>();
  private readonly live: Live;
  private watched: Room | null = null;
  private closed = false;

  constructor(
    options: SessionOptions,
    private readonly world: World,
  ) {
    this.live = new Live(options, world, this.events);
    this.events.on("state", () => this.watch(this.room));
  }

  get state(): LineState {
    return this.live.line.state;
  }

  get agentState(): AgentActivity {
    return this.live.agentState;
  }

  get microphone(): MicrophoneState {
    return this.live.voice.microphone;
  }

  /** The microphone that is heard; null while none is, or where the browser does not say. */
  get microphoneId(): string | null {
    return this.live.voice.audio?.microphoneId ?? null;
  }

  get sound(): SoundState {
    return this.live.voice.sound;
  }

  get transcript(): readonly TranscriptEntry[] {
    return this.live.writing.entries;
  }

  /** What the server said of the session; null before the first connection. */
  get config(): OpeningConfig | null {
    return this.live.config;
  }

  /** What carries the session; null before the first connection. */
  get transport(): Transport | null {
    return this.live.opening?.transport ?? null;
  }

  /** LiveKit's room, for all that is not said here; null on a socket, and while there is none. */
  get room(): Room | null {
    return this.live.line.road?.room ?? null;
  }

  /** How the agent shows itself; null before it is known. */
  get agent(): AgentFace | null {
    return this.live.agent;
  }

  /** What opened the line last; null before the first connection. */
  get ticket(): Required<Ticket> | null {
    const { opening } = this.live;
    if (opening === null) return null;
    const { url, token, room_name: roomName, resume_token: resumeToken, config } = opening;
    return { url, token, roomName, conversationId: opening.conversation_id, resumeToken, config };
  }

  /** The agent's voice; it sounds by itself, and needs no place in the page. */
  get audioElement(): HTMLAudioElement | null {
    return this.live.voice.element;
  }

  /** The agent's picture, for a place in the page. */
  get videoElement(): HTMLVideoElement | null {
    return this.live.videoElement;
  }

  get conversationId(): string | null {
    return this.live.conversationId;
  }

  /** How the last connection came back to its conversation; null where it began a new one. */
  get resumed(): "live" | "rebuilt" | null {
    return this.live.resumed;
  }

  /** Why the line is down, where somebody else than the user did it. */
  get failure(): SessionError | null {
    return this.live.failure;
  }

  /** Whether the user holds a button to speak, by `startTurn` and `endTurn`. */
  get pushToTalk(): boolean {
    return this.config?.transcription.trigger === "push_to_talk";
  }

  /** Whether the sound of the session is recorded: whoever speaks is to be told. */
  get recorded(): boolean {
    const people = [...(this.room?.remoteParticipants.values() ?? [])];
    return this.config?.recorded ?? people.some((one) => one.attributes[RECORDED] === "1");
  }

  /** How loud the microphone is now, 0..1. */
  get inputLevel(): number {
    return this.live.voice.audio?.inputLevel ?? 0;
  }

  /** How loud the agent is now, 0..1. */
  get outputLevel(): number {
    return this.live.voice.audio?.outputLevel ?? 0;
  }

  /** Whether this very tab was in the conversation until it reloaded: reason to go on unasked. */
  get reloaded(): boolean {
    return this.live.right.reloaded;
  }

  /** Whether `connect()` would go on with the last conversation. */
  canResume(): boolean {
    return this.live.right.possible;
  }

  /**
   * Opens the line, to the last conversation if it can be resumed; `fresh` begins a new one, and
   * `ticket` is what somebody else got at a door.
   */
  connect(options: { readonly fresh?: boolean; readonly ticket?: Ticket } = {}): Promise<void> {
    if (this.closed) {
      return Promise.reject(new SessionError("closed", "This session was closed. Make a new one."));
    }
    return this.live.connect(options.fresh ?? false, options.ticket ?? null);
  }

  /** Leaves; the conversation may be resumed for five minutes. Idempotent. */
  disconnect(): void {
    this.live.leave();
  }

  /** Types a message; it is shown at once, and sent when the line is open. */
  sendText(text: string): void {
    if (text.trim() === "") return;
    // First, so that the server knows how far the agent was heard when it reads the text.
    if (this.live.writing.flows) this.takeTheFloor();
    this.mustBeThere("sendText"); // now, for a listener may have left when it heard of the cut
    this.live.writing.type(text);
  }

  /** Sends JSON to the agent's code; it interrupts nothing. */
  sendData(data: unknown): void {
    this.mustBeThere("sendData");
    this.live.writing.post({ type: "client.response.data", data });
  }

  /** Silences the agent. */
  interrupt(): void {
    this.live.playback.cut();
    if (this.live.ready) this.live.line.send({ type: "client.interrupt" });
  }

  /** Push-to-talk: the button went down. */
  startTurn(): void {
    this.mustBePushed();
    this.takeTheFloor();
    this.live.voice.audio?.setGate(true);
    this.live.line.send({ type: "trigger.turn.start" });
  }

  /** Push-to-talk: the button was let go. */
  endTurn(): void {
    this.mustBePushed();
    this.live.voice.audio?.setGate(false);
    this.live.line.send({ type: "trigger.turn.end" });
  }

  setMuted(muted: boolean): void {
    this.live.voice.setMuted(muted);
  }

  /** Takes the microphone, another one, or a track of the page's; `microphone` tells how it went. */
  publishMicrophone(source?: MediaStreamTrack | { readonly deviceId: string }): Promise<void> {
    const wanted: Source | undefined = source && "deviceId" in source ? source.deviceId : source;
    return this.live.voice.enable(wanted);
  }

  /** Gives the microphone back; what is typed goes on. */
  async unpublishMicrophone(): Promise<void> {
    this.live.voice.disable();
  }

  /** Takes the microphone, or another one. */
  enableMicrophone(deviceId?: string): Promise<void> {
    return this.live.voice.enable(deviceId);
  }

  /** Shows the agent the camera, or a track of the page's; in a room only. */
  publishCamera(track?: MediaStreamTrack): Promise<void> {
    return this.show("camera", track);
  }

  unpublishCamera(): Promise<void> {
    return this.hide("camera");
  }

  /** Shows the agent a screen that the user picks, or a track of the page's; in a room only. */
  publishScreen(track?: MediaStreamTrack): Promise<void> {
    return this.show("screen", track);
  }

  unpublishScreen(): Promise<void> {
    return this.hide("screen");
  }

  /** The microphones there are; browsers name them only once one was allowed. */
  devices(): Promise<MediaDeviceInfo[]> {
    return this.world.devices();
  }

  /** Lets a page be heard whose browser waits for a click; call it from one. */
  async unblockSound(): Promise<void> {
    await this.live.voice.audio?.resumeSound();
  }

  /** Listens until the function that comes back is called. */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (value: SessionEvents[Name]) => void,
  ): () => void {
    return this.events.on(name, listener);
  }

  /** Leaves, and lets go of the sound, every listener and every timer. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.live.release();
    this.events.clear();
  }

  /** A page finds LiveKit's own switches in the room. */
  private watch(room: Room | null): void {
    if (room === null || room === this.watched) return;
    this.watched = room;
    this.live.entrance.rooms?.follow(room, this, (error) => this.events.emit("error", error));
  }

  /** The user speaks or types: where the agent may be interrupted, it is silent at once. */
  private takeTheFloor(): void {
    if (this.config?.transcription.can_interrupt) this.live.playback.cut();
  }

  private async show(what: Shown, track: MediaStreamTrack | undefined): Promise<void> {
    this.mustBeThere("A picture");
    const { road } = this.live.line;
    if (road?.publish === undefined) {
      const words = `A ${what} travels in a room only, and this session has none.`;
      throw new SessionError("not_on_this_transport", words);
    }
    try {
      await road.publish(what, track);
    } catch (error) {
      const { name, message } = error as Error;
      const code = name === "NotAllowedError" ? "denied" : name === "NotFoundError" ? "missing" : "failed";
      throw new SessionError(`${what}_${code}`, `The ${what} cannot be shown: ${message}`);
    }
  }

  private async hide(what: Shown): Promise<void> {
    await this.live.line.road?.unpublish?.(what);
  }

  private mustBePushed(): void {
    this.mustBeThere("A turn");
    if (this.pushToTalk) return;
    const words = "This agent hears when the user speaks; turns are begun by hand only with push_to_talk.";
    throw new SessionError("not_push_to_talk", words);
  }

  private mustBeThere(what: string): void {
    if (["connecting", "connected", "reconnecting"].includes(this.state)) return;
    const words = `${what} needs a session that is open, and this one is ${this.state}. Call connect() first.`;
    throw new SessionError("not_connected", words);
  }
}
