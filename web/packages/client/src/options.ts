/** What a `LiveKitSession` is made of, checked before anything is asked of a server. */
import type { Memory } from "./memory.js";
import type { Encryption, SessionOptions as CoreOptions } from "./types.js";

/** The options of a `LiveKitSession`. */
export interface SessionOptions {
  /** The agent's id or slug. */
  readonly agentId: string;
  /** Where the server is; where the script came from unless it is named. */
  readonly baseUrl?: string;
  /** Sent as `x-api-key`; a page of the server itself needs none. */
  readonly apiKey?: string;
  /** Asked instead of `/api/widget/session`: your own server, which answers as it does, or with a LiveKit token. */
  readonly sessionEndpoint?: string;
  /** More fields for the request; those that the door does not know, the agent reads as metadata. */
  readonly sessionBody?: Record<string, unknown>;
  /** A shared key: then it is a room, encrypted from end to end, or nothing. */
  readonly encryption?: Encryption;
  /** Who visits the site, as its tracker knows it. */
  readonly visitor?: string | (() => string | null);
  /** Where the right to come back is kept; null keeps it nowhere beyond this object. */
  readonly memory?: Memory | null;
  /** The file with the worklets; beside the script unless it is named. */
  readonly workletUrl?: string | URL;
}

/** That a visitor agreed to what an agent's owner asks for: to which terms, and when in UTC ms. */
export interface Agreement {
  readonly hash: string;
  readonly at: number;
}

/** Every option by its name: a new one that is missing here does not compile. */
const KNOWN: Readonly<Record<keyof SessionOptions, true>> = {
  agentId: true,
  baseUrl: true,
  apiKey: true,
  sessionEndpoint: true,
  sessionBody: true,
  encryption: true,
  visitor: true,
  memory: true,
  workletUrl: true,
};
/** Names of the agent, which a body would only say again, or differently. */
const AGENT = ["agentId", "agent_id", "agent", "agentName", "agent_name"];

/** Refuses what cannot be meant; a name that no option has is told to the console. */
export function check(options: SessionOptions, complain: (words: string) => void): void {
  if (typeof options.agentId !== "string" || options.agentId.trim() === "") {
    throw new TypeError("agentId is empty; name the agent by its id or slug");
  }
  bodyOf(options);
  const unknown = Object.keys(options).filter((name) => !(name in KNOWN));
  if (unknown.length === 0) return;
  const known = Object.keys(KNOWN).join(", ");
  complain(`LiveKitSession does not know ${unknown.join(", ")}. It knows ${known}.`);
}

/** What the engine is told, and what the visitor agreed to meanwhile. */
export type Told = CoreOptions & { agreed: Agreement | null };

/** The same in the engine's words; the body is read anew for each connection. */
export function coreOptions(options: SessionOptions, baseUrl: string, memory: Memory): Told {
  const { agentId, apiKey, sessionEndpoint, encryption, visitor, workletUrl } = options;
  return {
    agent: agentId,
    baseUrl,
    memory,
    microphone: false,
    agreed: null,
    ...(apiKey ? { publicKey: apiKey } : {}),
    ...(sessionEndpoint ? { sessionEndpoint } : {}),
    get sessionBody() {
      return this.agreed === null ? bodyOf(options) : { ...bodyOf(options), consent: this.agreed };
    },
    ...(encryption === undefined ? {} : { encryption }),
    ...(visitor === undefined ? {} : { visitor }),
    ...(workletUrl === undefined ? {} : { workletUrl }),
  };
}

function bodyOf({ sessionBody = {} }: SessionOptions): Readonly<Record<string, unknown>> {
  const again = AGENT.find((name) => name in sessionBody);
  if (again === undefined) return sessionBody;
  throw new TypeError(`sessionBody.${again} would name the agent again; use agentId`);
}
