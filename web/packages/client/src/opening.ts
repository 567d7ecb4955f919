/** Asks for a session: at the server's own door, or of a function that the page supplies. */
import { CAPABILITIES, read } from "./answer.js";
import { SessionError } from "./error.js";
import type { Kept } from "./memory.js";
import type { SessionOptions, SessionRequest } from "./types.js";
import type { ErrorBody, Opening } from "./wire.js";
import type { World } from "./world.js";

/** Reported to a page's own `authorize`; a test holds it to package.json. */
export const VERSION = "0.1.0";

const DOOR = "/api/widget/session";
/** What refuses a page for where it is. */
const FOREIGN: ReadonlySet<string> = new Set(["origin_refused", "key_missing", "key_unknown"]);

export type Ask = (request: SessionRequest, signal: AbortSignal) => Promise<Opening>;
type Asked = Pick<SessionOptions, "authorize" | "publicKey" | "sessionEndpoint" | "sessionBody">;
type Wished = Pick<SessionOptions, "agent" | "metadata" | "visitor" | "encryption">;

/** What asks; every refusal is a `SessionError` with the server's own code and sentence. */
export function asker(base: string, options: Asked, world: World): Ask {
  const supplied = options.authorize;
  const ask: (request: SessionRequest, signal: AbortSignal) => Promise<unknown> =
    supplied === undefined
      ? (request, signal) => atTheDoor(base, options, request, signal, world)
      : (request) => supplied(request);
  return async (request, signal) => {
    try {
      return read(await ask(request, signal), base, request.e2ee ?? false);
    } catch (error) {
      throw understood(error);
    }
  };
}

/** What is asked for an agent; with the right to come back, for the conversation it belongs to. */
export function wish(
  { agent, metadata, visitor, encryption }: Wished,
  kept: Kept | null,
  world: Pick<World, "rooms" | "page">,
): SessionRequest {
  const who = typeof visitor === "function" ? visitor() : visitor;
  const page = world.page();
  // A room that must be encrypted never falls back to a socket.
  const sockets = encryption === undefined ? (["websocket"] as const) : [];
  return {
    agent_id: agent,
    transports: world.rooms ? ["livekit", ...sockets] : sockets,
    capabilities: CAPABILITIES,
    participant_attributes: { "duologue.client": "1" },
    sdk_version: `@duologue/client ${VERSION}`,
    ...(metadata === undefined ? {} : { metadata }),
    ...(encryption === undefined ? {} : { e2ee: true }),
    ...(who ? { visitor_id: who } : {}),
    ...(page === null ? {} : { page }),
    ...(kept === null ? {} : { conversation_id: kept.conversationId, resume_token: kept.token }),
  };
}

async function atTheDoor(
  base: string,
  { publicKey, sessionEndpoint, sessionBody }: Asked,
  request: SessionRequest,
  signal: AbortSignal,
  world: World,
): Promise<unknown> {
  const url = sessionEndpoint ?? `${base}${DOOR}`;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (publicKey !== undefined) headers["x-api-key"] = publicKey;
  // Our own words; a page's may choose the roads, but not the agent.
  const { agent_id: agentId, sdk_version: _, transports, ...rest } = request;
  const body = JSON.stringify({ transports, ...sessionBody, ...rest, agentId });
  let response: Response;
  try {
    response = await world.fetch(url, { method: "POST", headers, body, signal });
  } catch {
    // A browser hides from a foreign page why it is refused; one that was let in before is not.
    const foreign = new URL(url, world.origin || undefined).origin !== world.origin;
    if (foreign && !signal.aborted && request.resume_token === undefined) {
      tell(world, agentId);
    }
    throw new SessionError("unreachable", `The server at ${base} cannot be reached.`);
  }
  if (response.ok) return response.json().catch(() => null);
  const refused = await refusal(response);
  if (FOREIGN.has(refused.code)) tell(world, agentId, refused.message);
  throw refused;
}

const HIDDEN = "The server cannot be reached, or the browser hides why it refuses.";
const told = new Set<string>();

/** Says once to whoever builds the page what to do; its users see another sentence. */
function tell(world: World, agent: string, said = HIDDEN): void {
  if (told.has(said)) return;
  told.add(said);
  world.complain(
    `duologue: no session for ${world.origin}: ${said} A page of another origin than the server's ` +
      `needs a public key that names it: duologue keys create --kind public --agent ${agent} ` +
      `--origin ${world.origin}`,
  );
}

async function refusal(response: Response): Promise<SessionError> {
  const { status } = response;
  const body = (await response.json().catch(() => null)) as Partial<ErrorBody> | null;
  const code = typeof body?.code === "string" ? body.code : `http_${status}`;
  const said = typeof body?.error === "string" ? body.error : `The server answered ${status}.`;
  return new SessionError(code, said, status, seconds(response.headers.get("retry-after")));
}

/** Seconds of a Retry-After; a date, which our server never sends, counts as none. */
function seconds(header: string | null): number | null {
  const found = Number.parseFloat(header ?? "");
  return Number.isFinite(found) && found >= 0 ? found : null;
}

/** What a supplied function threw, as far as it names a status and a code. */
function understood(error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  const { status, code, message } = Object(error) as Record<string, unknown>;
  return new SessionError(
    typeof code === "string" ? code : "unreachable",
    typeof message === "string" ? message : "The page's own authorize failed.",
    typeof status === "number" ? status : 0,
  );
}
