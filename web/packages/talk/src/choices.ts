/** What the user chose in this tab, so that a reload neither opens a microphone nor unmutes one. */

export interface Choices {
  readonly voice: boolean;
  readonly muted: boolean;
}

const KEY = "duologue talk choices";

export function recall(): Choices {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Partial<Choices>;
    return { voice: found.voice !== false, muted: found.muted === true };
  } catch {
    return { voice: true, muted: false };
  }
}

export function keep(choices: Choices): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // Without storage each load begins as the first one did.
  }
}
