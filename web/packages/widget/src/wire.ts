// Written by `make docs` from src/duologue/wire/widget.py: change that, not this.

/** What a visitor agrees to before the first word: a text, or the address of one. */
export interface WidgetConsent {
  readonly text: string | null;
  readonly url: string | null;
  readonly hash: string;
}

/** What the agent's owner chose for every page; empty texts leave the choice to the widget. */
export interface WidgetLook {
  readonly title: string;
  readonly startText: string;
  readonly bubble: boolean;
  readonly theme: "auto" | "dark" | "light";
  readonly accent: string;
  readonly language: string;
  readonly recordNotice: boolean;
  readonly feedback: boolean;
}

/** What a widget shows before anybody talks. */
export interface WidgetFace {
  readonly agent: string;
  readonly name: string;
  readonly avatarImageUrl: string | null;
  readonly idleLoopUrl: string | null;
  readonly greeting: string;
  readonly pushToTalk: boolean;
  readonly suggestions: readonly string[];
  readonly transports: readonly ("livekit" | "websocket")[];
  readonly tabs: "reject" | "share" | "takeover";
  readonly vision: boolean;
  readonly encryption: "off" | "optional" | "required";
  readonly record: boolean;
  readonly recorded: boolean;
  readonly navigation: boolean;
  readonly consent: WidgetConsent | null;
  readonly overrides: readonly string[];
  readonly attributes: readonly ("accent" | "feedback" | "greeting" | "language" | "record-notice" | "start-text" | "suggestions" | "theme" | "title")[];
  readonly look: WidgetLook;
}

/** That a visitor agreed, to what, and when. */
export interface Consent {
  readonly hash: string;
  readonly at: number;
}

/** What a visitor thought of a session; a beacon may bring it. */
export interface WidgetFeedback {
  readonly token: string;
  readonly session_id?: string;
  readonly rating: "down" | "up";
  readonly text?: string;
}
