/** The agent's tracks: the one voice that is heard, and the picture. */
import {
  type RemoteParticipant,
  type RemoteTrack,
  type RemoteTrackPublication,
  Track,
} from "livekit-client";
import { onBehalf } from "./agent.js";

export interface VoicesHooks {
  isAgents(person: RemoteParticipant): boolean;
  voice(track: RemoteTrack | null): void;
  video(element: HTMLVideoElement | null): void;
  /** A track was not taken, and why. */
  refused(why: string): void;
}

interface Found {
  readonly track: RemoteTrack;
  /** Whether an avatar publishes it for the agent. */
  readonly avatar: boolean;
}

export class Voices {
  private readonly found = new Map<string, Found>();
  private shown: RemoteTrack | null = null;

  constructor(
    private readonly encrypted: boolean,
    private readonly hooks: VoicesHooks,
  ) {}

  subscribed(
    track: RemoteTrack,
    publication: RemoteTrackPublication,
    person: RemoteParticipant,
  ): void {
    if (!this.hooks.isAgents(person)) return;
    if (publication.isEncrypted !== this.encrypted) {
      // Undecoded it would be loud noise, and in clear it may be anybody's.
      publication.setSubscribed(false);
      return this.hooks.refused(this.encrypted ? PLAIN : SECRET);
    }
    this.found.set(publication.trackSid, { track, avatar: onBehalf(person) !== "" });
    this.choose();
  }

  unsubscribed(track: RemoteTrack): void {
    for (const [sid, found] of this.found) if (found.track === track) this.found.delete(sid);
    this.choose();
  }

  /** Tells the tracks that came before it was known whose they are. */
  look(people: Iterable<RemoteParticipant>): void {
    for (const person of people) {
      for (const publication of person.trackPublications.values()) {
        const remote = publication as RemoteTrackPublication;
        if (remote.track !== undefined) this.subscribed(remote.track, remote, person);
      }
    }
  }

  close(): void {
    this.found.clear();
    this.choose();
  }

  private choose(): void {
    this.hooks.voice(this.newest(Track.Kind.Audio));
    const picture = this.newest(Track.Kind.Video);
    if (picture === this.shown) return;
    this.shown?.detach().forEach((element) => element.remove());
    this.shown = picture;
    this.hooks.video(picture === null ? null : (picture.attach() as HTMLVideoElement));
  }

  /** With an avatar it is the avatar who speaks; both at once would be noise. */
  private newest(kind: Track.Kind): RemoteTrack | null {
    const all = [...this.found.values()].filter(({ track }) => track.kind === kind);
    return (all.findLast(({ avatar }) => avatar) ?? all.at(-1))?.track ?? null;
  }
}

const PLAIN = "The agent's track is not encrypted, and this session takes no plain one.";
const SECRET = "The agent's track is encrypted, and this session has no key.";
