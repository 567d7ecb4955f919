/** What is heard: the recordings of a conversation as one, by the time of the conversation. */
import { sounding, type Stretch } from "./sounds";

type Told = () => void;

export class Player {
  playing = false;
  /** Why nothing is heard; empty while all is well. */
  trouble = "";
  #at: number;
  #index = -1;
  readonly #told = new Set<Told>();

  /** `at`: where it begins when nobody chose a place. */
  constructor(
    readonly audios: readonly HTMLAudioElement[],
    at: number,
  ) {
    this.#at = at;
    for (const [index, audio] of audios.entries()) {
      audio.controls = false;
      audio.addEventListener("ended", () => index === this.#index && this.#next());
      audio.addEventListener("pause", () => index === this.#index && !audio.ended && this.#still());
      audio.addEventListener("error", () => this.#fails(audio));
      audio.addEventListener("seeked", () => this.#tell());
    }
  }

  get silent(): boolean {
    return this.audios.length === 0;
  }

  /** The time of the conversation that is heard, or would be. */
  get at(): number {
    const audio = this.audios[this.#index];
    if (audio !== undefined && this.playing && audio.readyState > 0 && !audio.seeking) {
      this.#at = begins(audio) + audio.currentTime * 1000;
    }
    return this.#at;
  }

  /** Calls whenever something changed but the time while it plays. */
  follow(told: Told): void {
    this.#told.add(told);
  }

  /** Goes to a time; what plays goes on from there. */
  seek(at: number): void {
    this.#at = at;
    const found = sounding(this.#stretches(), at);
    if (found === null) {
      this.playing = false;
      this.audios[this.#index]?.pause();
      this.#index = -1;
    } else if (this.playing) this.#from(at);
    else this.#turnTo(found.index, found.into);
    this.#tell();
  }

  toggle(): void {
    if (this.playing) {
      this.audios[this.#index]?.pause();
      this.#still();
    } else this.#from(this.#at);
  }

  set rate(value: number) {
    for (const audio of this.audios) audio.playbackRate = value;
  }

  /** Plays from a time on, or from where there is sound again; behind the last, from the beginning. */
  #from(at: number): void {
    const found = sounding(this.#stretches(), at) ?? sounding(this.#stretches(), -Infinity);
    if (found === null) return;
    const audio = this.audios[found.index];
    if (audio === undefined) return;
    this.trouble = "";
    this.playing = true;
    this.#at = begins(audio) + found.into;
    this.#turnTo(found.index, found.into);
    audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.#fails(audio);
    });
    this.#tell();
  }

  #turnTo(index: number, into: number): void {
    const before = this.audios[this.#index];
    const audio = this.audios[index];
    if (audio === undefined) return;
    this.#index = index;
    if (before !== undefined && before !== audio) before.pause();
    if (Math.abs(audio.currentTime * 1000 - into) > 0.5) audio.currentTime = into / 1000;
  }

  #next(): void {
    const audio = this.audios[this.#index];
    if (audio === undefined) return;
    const over = begins(audio) + audio.currentTime * 1000;
    this.#at = over;
    const next = sounding(this.#stretches(), over + 1);
    if (next !== null && next.index !== this.#index) return this.#from(begins(this.audios[next.index]));
    this.#still();
  }

  #still(): void {
    void this.at;
    this.playing = false;
    this.#tell();
  }

  #fails(audio: HTMLAudioElement): void {
    if (audio !== this.audios[this.#index] && this.playing) return;
    this.playing = false;
    this.trouble = "This recording cannot be played.";
    this.#tell();
  }

  #stretches(): Stretch[] {
    return this.audios.map((audio) => ({ from: begins(audio), long: lasts(audio) }));
  }

  #tell(): void {
    for (const told of this.#told) told();
  }
}

function begins(audio: HTMLAudioElement | undefined): number {
  return Number(audio?.dataset["from"] ?? 0);
}

/** As the file itself says; before it is there, and of one that is still written, as the server does. */
function lasts(audio: HTMLAudioElement): number {
  if (Number.isFinite(audio.duration)) return audio.duration * 1000;
  return Number(audio.dataset["long"] ?? 0) || Infinity;
}
