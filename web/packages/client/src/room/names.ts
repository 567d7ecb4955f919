/** What LiveKit's agents, and ours, say in a room; `src/duologue/wire/rooms.py` has the same names. */
export const CHAT = "lk.chat";
export const TRANSCRIPTION = "lk.transcription";
/** Data packets of this topic carry messages as a socket does. */
export const OURS = "duologue";
export const STATE = "lk.agent.state";
export const ON_BEHALF = "lk.publish_on_behalf";
export const SEGMENT = "lk.segment_id";
export const FINAL = "lk.transcription_final";
export const TRACK = "lk.transcribed_track_id";
export const INTERRUPTED = "duologue.interrupted";
/** The attribute of a token that our own doors signed. */
export const CLAIM = "duologue.claim";
/** The attribute of a typed message, its id: our server takes it once, and confirms it. */
export const TYPED = "duologue.typed";
/** The attribute by which we ask for packets of our topic. */
export const CLIENT = "duologue.client";

/** Does work later, unless the function that comes back is called before. */
export type After = (ms: number, work: () => void) => () => void;

export const after: After = (ms, work) => {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
};

/** The result of work, or a rejection when it takes too long: a room that mends may never answer. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = after(ms, () => reject(new Error(`it took longer than ${ms / 1000} seconds`)));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
