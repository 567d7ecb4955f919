/** The end of what the microphone sends: silence, or a word that was cut off would never be over. */

/** What the server's voice detection needs to hear an end, and a little more. */
const SILENCE_MS = 600;

export class Tail {
  /** Sound went out, and no silence after it. */
  private open = false;

  constructor(private readonly send: (pcm: Int16Array<ArrayBuffer>) => void) {}

  /** Sends a frame of the microphone. */
  frame(pcm: Int16Array<ArrayBuffer>): void {
    this.open = true;
    this.send(pcm);
  }

  /** No more frames come for now: silence follows the last one, once and without delay. */
  close(rate: number, frameMs: number): void {
    if (!this.open) return;
    this.open = false;
    const silence = new Int16Array(Math.round((rate * frameMs) / 1000));
    for (let ms = 0; ms < SILENCE_MS; ms += frameMs) this.send(silence);
  }

  /** Nobody waits for an end any more. */
  forget(): void {
    this.open = false;
  }
}
