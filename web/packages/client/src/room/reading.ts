/** Reads the text streams of a room: transcripts of both sides, and written messages. */
import { ParticipantKind, type Room, type TextStreamReader } from "livekit-client";
import type { Segment } from "../road.js";
import { CHAT, FINAL, INTERRUPTED, SEGMENT, TRACK, TRANSCRIPTION } from "./names.js";
import { Segments } from "./segments.js";

export interface ReadingHooks {
  words(segment: Segment): void;
  readonly agent: string;
  /** Whether a track was ever ours: a reconnect gives it another name. */
  isOurs(track: string): boolean;
}

export class Reading {
  private readonly segments = new Segments();
  private streams = 0;
  private closed = false;

  constructor(
    private readonly room: Room,
    encrypted: boolean,
    private readonly hooks: ReadingHooks,
  ) {
    for (const topic of [TRANSCRIPTION, CHAT]) {
      room.registerTextStreamHandler(topic, (reader, { identity }) => {
        // What is not encrypted may be anybody's; NONE is 0.
        if (encrypted && reader.info.encryptionType === 0) return;
        void (topic === CHAT ? this.message(reader, identity) : this.transcript(reader, identity));
      });
    }
  }

  /** What the agent was saying stays unfinished, and nothing is read any more. */
  close(): void {
    for (const topic of [TRANSCRIPTION, CHAT]) this.room.unregisterTextStreamHandler(topic);
    for (const segment of this.segments.close()) this.hooks.words(segment);
    this.closed = true;
  }

  private async transcript(reader: TextStreamReader, sender: string): Promise<void> {
    const number = ++this.streams;
    const { attributes = {}, id: stream } = reader.info;
    const id = attributes[SEGMENT] ?? stream;
    const role = this.roleOf(sender, attributes[TRACK] ?? "");
    let text = "";
    const tell = (final: boolean, interrupted: boolean): void => {
      const segment = this.segments.said(number, { id, role, text, final, interrupted });
      if (segment !== null && !this.closed) this.hooks.words(segment);
    };
    try {
      for await (const piece of reader) {
        text += piece;
        tell(false, false);
      }
    } catch {
      return; // the line broke: the sender begins anew, or the end closes the segment
    }
    const last = reader.info.attributes ?? {};
    if ((last[FINAL] ?? "true") === "true") tell(true, last[INTERRUPTED] === "true");
  }

  private async message(reader: TextStreamReader, sender: string): Promise<void> {
    const text = await reader.readAll().catch(() => null); // half a message says less than none
    if (text === null || this.closed) return;
    const role = this.roleOf(sender, "");
    this.hooks.words({ id: reader.info.id, role, text, final: true, interrupted: false, written: true });
  }

  /** Whose words: under encryption the agent is shown as the sender of everything. */
  private roleOf(sender: string, track: string): Segment["role"] {
    if (sender !== "" && sender === this.hooks.agent) {
      return track !== "" && this.hooks.isOurs(track) ? "user" : "agent";
    }
    if (sender === this.room.localParticipant.identity) return "user";
    const person = this.room.remoteParticipants.get(sender);
    // Whoever is not announced yet is the agent only where there is none.
    if (person === undefined) return this.hooks.agent === "" ? "agent" : "user";
    return person.kind === ParticipantKind.STANDARD ? "user" : "agent";
  }
}
