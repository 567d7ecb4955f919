/** The words of the tracker's public face, and of what it sends. */

/** Whether the visitor agreed: `ask` waits for an answer, and keeps what happens in memory till then. */
export type Consent = "granted" | "denied" | "ask";

/** What a property or a trait may be; anything else is sent as its JSON. */
export type Value = string | number | boolean | null;

/** How a tracker is made; all of it may be left out. */
export interface TrackerOptions {
  /** The agent's id or slug; a public key names it already. */
  readonly agentId?: string;
  /** A public key; a page of the server itself needs none. */
  readonly apiKey?: string;
  /** Where the server is; where the script came from unless it is named. */
  readonly baseUrl?: string;
  /** What the visitor said before; `ask` unless it is named, and then what this browser remembers. */
  readonly consent?: Consent;
  /** False: a browser that asks not to be tracked is tracked all the same. */
  readonly respectDoNotTrack?: boolean;
  /** The address of a page as it is told; origin and path unless you say otherwise. */
  readonly address?: (location: Location) => string;
}

interface Named {
  readonly id: string;
  readonly at: number;
}

/** A page that was seen; its title may come after it. */
export interface PageEvent extends Named {
  readonly type: "page";
  readonly url: string;
  readonly path: string;
  title: string;
  readonly referrer: string;
}

/** One thing that happened, as the server reads it. */
export type Happening =
  | PageEvent
  | (Named & { readonly type: "time"; readonly page: string; readonly visible_ms: number })
  | (Named & { readonly type: "click"; readonly name: string; readonly page?: string })
  | (Named & {
      readonly type: "event";
      readonly name: string;
      readonly page?: string;
      readonly properties: Readonly<Record<string, Value>>;
    })
  | (Named & {
      readonly type: "identify";
      readonly user_id: string;
      readonly traits: Readonly<Record<string, Value>>;
    });
