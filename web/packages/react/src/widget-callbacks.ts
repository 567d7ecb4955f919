/** The element's events as callbacks of the component, each given the event's `detail`. */
import type { AgentState, ConnectionState, Snapshot, TranscriptEntry } from "@duologue/client";
import type { EventName } from "@duologue/widget";

/** What `AvatarWidget` calls; where the agent leads to is `onNavigate`'s. */
export interface WidgetCallbacks {
  /** The panel was opened. */
  readonly onOpen?: (() => void) | undefined;
  /** The panel was closed; a conversation goes on. */
  readonly onClose?: (() => void) | undefined;
  /** The visitor agreed to the terms: their hash, and when. */
  readonly onConsent?: ((agreed: { hash: string; at: number }) => void) | undefined;
  /** The line stands. */
  readonly onConnect?: ((line: Pick<Snapshot, "conversationId" | "transport" | "resumed">) => void) | undefined;
  /** The line stands no more. */
  readonly onDisconnect?: (() => void) | undefined;
  /** One of both changed. */
  readonly onState?: ((now: { connectionState: ConnectionState; agentState: AgentState }) => void) | undefined;
  /** Something was said: the whole of it. */
  readonly onTranscript?: ((said: { transcript: readonly TranscriptEntry[] }) => void) | undefined;
  /** The agent's code sent data. */
  readonly onMessage?: ((data: { message: unknown }) => void) | undefined;
  /** Something failed. */
  readonly onError?: ((error: { code: string; message: string }) => void) | undefined;
  /** The visitor said how it was. */
  readonly onFeedback?: ((verdict: { rating: "up" | "down"; text: string }) => void) | undefined;
}

/** The callback of each event of the element that has one. */
export const CALLBACKS = {
  "duologue-open": "onOpen",
  "duologue-close": "onClose",
  "duologue-consent": "onConsent",
  "duologue-connect": "onConnect",
  "duologue-disconnect": "onDisconnect",
  "duologue-state": "onState",
  "duologue-transcript": "onTranscript",
  "duologue-message": "onMessage",
  "duologue-error": "onError",
  "duologue-feedback": "onFeedback",
} as const satisfies Record<Exclude<EventName, "duologue-navigate">, keyof WidgetCallbacks>;

/** Calls whoever is given at the moment, until the function that comes back is called. */
export function heard(widget: EventTarget, given: () => WidgetCallbacks): () => void {
  const listeners = Object.entries(CALLBACKS).map(([event, name]) => {
    const listen = ({ detail }: CustomEvent): void => (given()[name] as ((detail: unknown) => void) | undefined)?.(detail);
    widget.addEventListener(event, listen as EventListener);
    return () => widget.removeEventListener(event, listen as EventListener);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}
