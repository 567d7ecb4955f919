/**
 * When a voice begins and ends, hop by hop: quick enough to pause an agent that is spoken over.
 *
 * This is no recognizer of speech; the server's model decides what a sound was. It only has to be
 * early: a voice is found within about a tenth of a second, and coughs, claps and noise mostly are
 * not, since they are loud but not voiced. Python runs the same rules (`duologue/core/onset.py`,
 * where each number has its reason); both pass `tests/vectors/onset.json`.
 */

export type Hop = "quiet" | "began" | "speaking" | "ended";

const MEMORY = 7;
const EVIDENCE = 8;
const VOICING = 0.55;
const ABOVE_NOISE = 9;
const ABOVE_ECHO = 6;
const EASIER = 3;
const HANGOVER = 13;

const FLOOR_LOW = -64;
const FLOOR_DOWN = 0.3;
const FLOOR_UP = 0.1;
const FLOOR_UP_VOICE = 0.01;

const ECHO_UP = 1;
const ECHO_DOWN = 0.02;
const ECHO_LAG = 8;

const BELOW_USUAL = 12;
const LONG = 38;
const USUAL_DOWN = 3;

/** Follows one microphone. */
export class Onset {
  private floor = FLOOR_LOW;
  private echo = FLOOR_LOW;
  private readonly recent: number[] = [];
  private speaking = false;
  private overAgent = false;
  private peak = FLOOR_LOW;
  private quiet = 0;
  private unplayed = 0;
  private length = 0;
  private usual: number | null = null;

  /** Takes the next 16 ms; `playing` says whether the agent's sound comes out now. */
  hop(level: number, voicing: number, playing: boolean): Hop {
    let threshold = this.floor + ABOVE_NOISE;
    if (playing) {
      threshold = Math.max(threshold, this.echo + ABOVE_ECHO);
      if (this.usual !== null) threshold = Math.max(threshold, this.usual - BELOW_USUAL);
    }
    this.learn(level, playing);
    if (this.speaking) return this.goOn(level, threshold - EASIER, playing);
    const loud = level >= threshold;
    const voiced = loud && voicing >= VOICING;
    // A voicing of 0 is a beep: as loud as it may be, it is no evidence.
    this.recent.push(voiced ? 3 : loud && voicing > 0 ? 1 : 0);
    if (this.recent.length > MEMORY) this.recent.shift();
    if (!voiced || this.recent.reduce((sum, one) => sum + one, 0) < EVIDENCE) return "quiet";
    this.recent.length = 0;
    this.speaking = true;
    this.overAgent = playing;
    this.peak = level;
    this.quiet = this.unplayed = this.length = 0;
    return "began";
  }

  /** Whether the voice that began is still there. */
  private goOn(level: number, threshold: number, playing: boolean): Hop {
    this.peak = Math.max(this.peak, level);
    this.length += 1;
    this.quiet = level >= threshold ? 0 : this.quiet + 1;
    this.unplayed = playing ? 0 : this.unplayed + 1;
    if (this.quiet < HANGOVER) return "speaking";
    this.speaking = false;
    if (!this.overAgent && this.length - this.quiet >= LONG) {
      this.usual = Math.max(this.peak, (this.usual ?? this.peak) - USUAL_DOWN);
    }
    if (this.overAgent && this.unplayed > 0 && this.unplayed <= this.quiet + ECHO_LAG) {
      // It stopped because the agent's sound was paused: the agent interrupted itself.
      this.echo = Math.max(this.echo, this.peak);
    }
    return "ended";
  }

  /** Follows the noise of the room and, while the agent sounds, what is left of its echo. */
  private learn(level: number, playing: boolean): void {
    if (level < this.floor) {
      this.floor += (level - this.floor) * FLOOR_DOWN;
    } else {
      const rise = this.speaking || playing ? FLOOR_UP_VOICE : FLOOR_UP;
      this.floor += Math.min(rise, level - this.floor);
    }
    this.floor = Math.max(this.floor, FLOOR_LOW);
    if (playing && !this.speaking) {
      const towards = Math.max(-ECHO_DOWN, Math.min(ECHO_UP, level - this.echo));
      this.echo = Math.max(this.echo + towards, this.floor);
    }
  }
}
