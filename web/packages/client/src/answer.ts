/** What comes back from a door: our own, LiveKit's, Layercode's, or of a back end that mints tokens. */
import { SessionError } from "./error.js";
import type { Ticket } from "./types.js";
import type { AuthorizeAnswer, Opening, OpeningConfig } from "./wire.js";

const SOCKET = "/v1/agents/web/websocket";
/** How a key begins that opens a socket; all else opens a room. */
const SOCKET_KEY = "dk_session_";
/** What this client can do beyond Layercode's protocol. */
export const CAPABILITIES = ["binary", "mic16", "played", "resume", "agent_state", "tools"] as const;

const UNTOLD: OpeningConfig = {
  transcription: { trigger: "automatic", can_interrupt: true, automatic: true },
  tabs: "takeover",
  capabilities: [],
  encryption: false,
};
const SPOKEN = {
  capabilities: CAPABILITIES,
  audio: { input_rate: 16_000, output_rate: 16_000 },
} as const;

/** The fields of an answer, each by its name in snake_case: LiveKit's doors speak either way. */
type Said = Readonly<Record<string, unknown>>;

/** The opening that somebody else got at a door. */
export function openedBy(ticket: Ticket): Opening {
  const transport = ticket.token.startsWith(SOCKET_KEY) ? "websocket" : "livekit";
  const resume = ticket.resumeToken ?? null;
  return {
    session_id: "",
    conversation_id: ticket.conversationId ?? "",
    transport,
    url: ticket.url,
    token: ticket.token,
    room_name: ticket.roomName ?? null,
    resumable: resume !== null,
    resume_token: resume,
    resumed: null,
    agent: { name: "", avatarImageUrl: null, idleLoopUrl: null },
    config: ticket.config ?? (transport === "websocket" ? { ...UNTOLD, ...SPOKEN } : UNTOLD),
    announce: null,
  };
}

/**
 * The opening of a door's answer; an address and a token are enough. Where nobody tells whether the
 * room is encrypted, it is as the page wants it: the key is the page's own.
 */
export function read(answer: unknown, base: string, encryption: boolean): Opening {
  const said = named(answer);
  const ours = said["duologue"] ? named(said["duologue"]) : said;
  // Beside ours stands a room's address in LiveKit's words; of a socket it says nothing.
  const from = ours["transport"] === "websocket" ? {} : said;
  const url = text(from["server_url"]) ?? text(ours["url"]);
  const token = text(from["participant_token"]) ?? text(ours["token"]);
  if (url !== null && token !== null) {
    const announce = text(ours["announce"]);
    const where = { url: secured(url, base), token, announce: announce && secured(announce, base) };
    if (isWhole(ours)) return { ...ours, ...where };
    const opening = openedBy({
      url,
      token,
      roomName: text(ours["room_name"] ?? said["room_name"]),
      conversationId: text(ours["conversation_id"]),
      resumeToken: text(ours["resume_token"]),
    });
    return { ...opening, ...where, config: { ...opening.config, encryption } };
  }
  if (text(ours["client_session_key"]) !== null && isWhole(ours)) return ofLayercode(ours, base);
  throw new SessionError("bad_answer", "The answer has no url and token.", 400);
}

/** Whether a door of ours said all this. */
function isWhole(ours: Said): ours is Said & Opening & AuthorizeAnswer {
  const config = ours["config"] as Partial<OpeningConfig> | null | undefined;
  const sounds = ours["transport"] === "livekit" || config?.audio;
  return typeof ours["conversation_id"] === "string" && !!config?.transcription && !!sounds;
}

/** What a back end got at Layercode's door: a socket. */
function ofLayercode(answer: AuthorizeAnswer, base: string): Opening {
  const { client_session_key: key, conversation_id, session_id, config } = answer;
  const url = `${base.replace(/^http/, "ws")}${SOCKET}`;
  const ticket = { url, token: key, config: { ...config, encryption: false } };
  const { resume_token = null, resumed = null } = answer;
  const resumable = resume_token !== null;
  return { ...openedBy(ticket), conversation_id, session_id, resume_token, resumable, resumed };
}

/** Behind a proxy a server may not know that the world reaches it by https. */
function secured(url: string, base: string): string {
  if (!base.startsWith("https:") || !/^(ws|http):/.test(url)) return url;
  return new URL(url).host === new URL(base).host ? url.replace(/^(ws|http):/, "$1s:") : url;
}

function named(answer: unknown): Said {
  const snake = (name: string): string => name.replace(/[A-Z]/g, "_$&").toLowerCase();
  return Object.fromEntries(Object.entries(Object(answer)).map(([name, value]) => [snake(name), value]));
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
