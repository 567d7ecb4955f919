/** Asks for a session: at the server's own door, or of a function that the page supplies. */
import { SessionError } from "./error.js";
import type { Kept } from "./memory.js";
import type { SessionOptions } from "./types.js";
import type { AuthorizeAnswer, AuthorizeRequest, ErrorBody } from "./wire.js";

/** Reported with each authorize; a test holds it to package.json. */
export const VERSION = "0.1.0";

export type Authorize = (request: AuthorizeRequest, signal: AbortSignal) => Promise<AuthorizeAnswer>;

/** What this client can do beyond Layercode's protocol. */
export const CAPABILITIES = ["binary", "mic16", "played", "resume", "agent_state", "tools"] as const;

type Asked = Pick<SessionOptions, "authorize" | "publicKey">;

/** What asks; every refusal is a `SessionError` with the server's own code and sentence. */
export function authorizer(base: string, options: Asked, fetcher: typeof fetch): Authorize {
  const supplied = options.authorize;
  const ask: (request: AuthorizeRequest, signal: AbortSignal) => Promise<unknown> =
    supplied === undefined
      ? (request, signal) => atTheDoor(base, options.publicKey, request, signal, fetcher)
      : (request) => supplied(request);
  return async (request, signal) => {
    try {
      return checked(await ask(request, signal));
    } catch (error) {
      throw understood(error);
    }
  };
}

/** What is asked for an agent; with the right to come back, for the conversation it belongs to. */
export function wish(
  { agent, metadata }: Pick<SessionOptions, "agent" | "metadata">,
  kept: Kept | null,
): AuthorizeRequest {
  return {
    agent_id: agent,
    capabilities: CAPABILITIES,
    sdk_version: `@duologue/client ${VERSION}`,
    ...(metadata === undefined ? {} : { metadata }),
    ...(kept === null ? {} : { conversation_id: kept.conversationId, resume_token: kept.token }),
  };
}

async function atTheDoor(
  base: string,
  key: string | undefined,
  request: AuthorizeRequest,
  signal: AbortSignal,
  fetcher: typeof fetch,
): Promise<unknown> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (key !== undefined) headers["authorization"] = `Bearer ${key}`;
  const body = JSON.stringify(request);
  let response: Response;
  try {
    response = await fetcher(`${base}/v1/agents/web/authorize_session`, {
      method: "POST",
      headers,
      body,
      signal,
    });
  } catch {
    throw new SessionError("unreachable", `The server at ${base} cannot be reached.`);
  }
  if (response.ok) return response.json().catch(() => null);
  throw await refusal(response);
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

function checked(answer: unknown): AuthorizeAnswer {
  const found = answer as Partial<AuthorizeAnswer> | null | undefined;
  const { client_session_key: key, conversation_id: id, config } = found ?? {};
  if (typeof key === "string" && typeof id === "string" && config?.transcription && config.audio) {
    return found as AuthorizeAnswer;
  }
  throw new SessionError(
    "bad_answer",
    "The answer to authorize lacks client_session_key, conversation_id or config. " +
      "Return the server's answer as it is.",
    400,
  );
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
