"""One closed table of everything that can go wrong: code → HTTP status, close code, words."""

from __future__ import annotations

from typing import Final, NamedTuple


class Fault(NamedTuple):
    """How one error shows itself at each boundary."""

    status: int
    close: int | None
    message: str


FAULTS: Final[dict[str, Fault]] = {
    # The request itself
    "bad_request": Fault(400, None, "The request could not be understood: {reason}."),
    "config_not_allowed": Fault(
        400, None, "Agent {agent!r} does not let a session override {field!r}. Allowed: {allowed}."
    ),
    "method_not_allowed": Fault(405, None, "{method} is not served here; use {allowed}."),
    "not_found": Fault(404, None, "There is nothing at {path!r}."),
    "too_large": Fault(413, 1009, "The message is larger than {limit} bytes."),
    "body_slow": Fault(
        408, None, "The request did not arrive whole within {limit} s. Send it again, or less."
    ),
    # Who you are
    "key_missing": Fault(
        401, None, "No key was given. Send it as 'Authorization: Bearer dk_secret_…'."
    ),
    "key_unknown": Fault(401, None, "This key is not known here. List keys: duologue keys list."),
    "key_expired": Fault(401, None, "This key is {how}. Make a new one: duologue keys create."),
    "key_scope": Fault(403, None, "This key lacks the scope {scope!r}; it has: {scopes}."),
    "key_wrong_org": Fault(403, None, "This key belongs to another organization."),
    "key_wrong_agent": Fault(403, None, "This public key opens only its own agent, not {agent!r}."),
    "origin_refused": Fault(
        403,
        None,
        "Pages from {origin!r} may not open this agent; its origins: {allowed}. {mend}",
    ),
    "page_refused": Fault(
        403,
        None,
        "Pages from {origin!r} may not change the keys of this server: of all pages only {own!r} "
        "may. Use that one, or the command: {mend}",
    ),
    "console_signed_out": Fault(
        401, None, "You are not signed in. A link that lets you in: duologue console login."
    ),
    "console_link_void": Fault(
        410,
        None,
        "This link was used, or is older than ten minutes. A new one: duologue console login.",
    ),
    "console_viewer": Fault(
        403,
        None,
        "You may look and change nothing here. To sign in as owner: duologue console login.",
    ),
    "sign_in_not_found": Fault(
        404, None, "Nobody is signed in as {id!r}, and no link of that id waits to be used."
    ),
    "console_foreign": Fault(
        403,
        None,
        "Another page sent this request. Only the console's own pages may change anything.",
    ),
    "link_void": Fault(
        410,
        None,
        "This link shows nothing any more: it expired or was taken back. Ask whoever sent it for a "
        "new one.",
    ),
    "consent_required": Fault(
        403,
        None,
        "Agent {agent!r} asks its visitors to agree first. Show them the consent of "
        "GET /api/widget/agent, and send consent.hash = {hash!r} and consent.at, in UTC ms, with "
        "POST /api/widget/session.",
    ),
    "claim_invalid": Fault(
        401, None, "This claim lets nobody in: {reason}. Ask for a new token and join with that."
    ),
    "observability_token": Fault(
        401,
        None,
        "This token tells nothing here: {reason}. The worker needs the LIVEKIT_API_KEY and "
        "LIVEKIT_API_SECRET that this server has.",
    ),
    "observability_grant": Fault(
        403,
        None,
        "This token lacks the grant observability.write, with which workers tell of jobs.",
    ),
    "traces_off": Fault(
        401, None, "Data recording is disabled by owner: this server's setting trace is 'off'."
    ),
    # What you asked for
    "agent_unnamed": Fault(
        400,
        None,
        "Which agent? Name one as room_config.agents[0].agent_name, or agentId for a widget. "
        "Published: {known}.",
    ),
    "agent_not_found": Fault(404, None, "There is no agent {agent!r}. Known: {known}."),
    "agent_has_no_org": Fault(
        403, None, "Agent {agent!r} is a draft. Publish it: duologue agents publish {agent}."
    ),
    "agent_not_loaded": Fault(
        503, None, "Agent {agent!r} is published, but no file that defines it was loaded here."
    ),
    "agent_newer": Fault(
        503,
        None,
        "A newer duologue wrote of agent {agent!r} what this process does not understand: "
        "{reason}. Renew this process.",
    ),
    "organization_not_found": Fault(
        404, None, "There is no organization {organization!r}. Known: {known}."
    ),
    "key_not_found": Fault(404, None, "There is no key {key!r}. List keys: duologue keys list."),
    "conversation_not_found": Fault(404, None, "There is no conversation {conversation!r}."),
    "visitor_not_found": Fault(404, None, "Nothing is known of a visitor {visitor!r}."),
    "session_not_found": Fault(404, None, "There is no session {session!r}."),
    "trace_not_found": Fault(404, None, "There is no trace {trace!r}."),
    "alert_not_found": Fault(404, None, "There is no alert {alert!r}. See GET /v1/alerts."),
    "trace_live": Fault(
        409,
        None,
        "Trace {trace!r} is still being written. End its conversation first; one whose server is "
        "gone is over a minute later.",
    ),
    "trace_over": Fault(409, None, "Trace {trace!r} is over; nobody can end it again."),
    "links_used_up": Fault(
        409,
        None,
        "{limit} links show trace {trace!r} already. Take one back, or wait until one expires.",
    ),
    "recording_not_found": Fault(
        404, None, "Trace {trace!r} has no recording {recording!r} whose sound is here."
    ),
    "range_refused": Fault(416, None, "This piece cannot be had: {reason}."),
    "transport_refused": Fault(
        403,
        None,
        "Agent {agent!r} cannot be reached over {transport}; its callers come over {allowed}.",
    ),
    "encryption_refused": Fault(
        400,
        None,
        "Agent {agent!r} does not encrypt its conversations. Join without encryption, or let its "
        "owner set encryption = 'optional'.",
    ),
    "conversation_open": Fault(
        409,
        None,
        "Conversation {conversation!r} is open in another place, and its agent says "
        "tabs = 'reject'. Close it there first.",
    ),
    "session_open": Fault(409, None, "This session key has an open socket already."),
    "session_not_live": Fault(409, None, "Session {session!r} is {state}; it must be live."),
    "conversation_not_live": Fault(
        409, None, "Nobody is connected to conversation {conversation!r} now."
    ),
    "taken_over": Fault(
        409,
        None,
        "{who} has taken over conversation {conversation!r} from its agent, and must hand it back "
        "first.",
    ),
    "not_taken_over": Fault(
        409,
        None,
        "Nobody has taken over conversation {conversation!r}, or the agent took it back because "
        "nothing was heard of them. Take over first.",
    ),
    "voice_elsewhere": Fault(
        501,
        None,
        "Conversation {conversation!r} runs in another process of this server, and sound does not "
        "travel between them. What you write is said there all the same.",
    ),
    "voice_hidden": Fault(
        409,
        None,
        "What is said in conversation {conversation!r} is shown to nobody here, so it is not heard "
        "either. What you write is said all the same.",
    ),
    "too_many_streams": Fault(
        429,
        None,
        "{limit} pages of yours are shown live already. Close one of them, then load this again.",
    ),
    "session_live": Fault(
        409,
        None,
        "Session {session!r} is not over. End it first: POST /v1/sessions/{session}/end.",
    ),
    "conversation_ended": Fault(
        410, 4002, "Conversation {conversation!r} was ended ({reason}). Start a new one."
    ),
    "session_key_unknown": Fault(
        401, None, "This session key was rotated or never existed. Authorize again."
    ),
    "session_key_expired": Fault(401, None, "This session key is {how}. Authorize again."),
    # What is possible now
    "insufficient_balance": Fault(
        402, 4003, "The balance is used up. Add credit: duologue orgs credit {organization} AMOUNT."
    ),
    "rate_limited": Fault(429, None, "Too many requests from {who}. Try again in {seconds} s."),
    "places_taken": Fault(
        429,
        1013,
        "{who} holds as many conversations at once as it may ({limit}). Try again in {seconds} s.",
    ),
    "minutes_used_up": Fault(
        429,
        4002,
        "Agent {agent!r} has talked its {minutes} minutes of today (UTC). Try again in {seconds} s "
        "or let its owner raise minutes_per_day.",
    ),
    "day_used_up": Fault(
        429,
        None,
        "What {who} may tell in a day ({limit} bytes) is used up. Try again in {seconds} s, or let "
        "the owner raise visit_megabytes.",
    ),
    "overloaded": Fault(
        503, 1013, "This server holds as many sessions as it can ({limit}). Try again shortly."
    ),
    "going_away": Fault(503, 1012, "This server is closing. Connect again."),
    "not_ready": Fault(503, None, "Not ready: {reason}."),
    "conversation_moving": Fault(
        503,
        1012,
        "Conversation {conversation!r} is moving from one process to another. Try again.",
    ),
    "agent_not_joined": Fault(
        503, None, "No agent came to room {room!r}: all servers are full, or none runs. Try again."
    ),
    "livekit_server_missing": Fault(
        400,
        None,
        "There is no {program} on the PATH. To use a LiveKit that runs already, set LIVEKIT_URL, "
        "LIVEKIT_API_KEY and LIVEKIT_API_SECRET. To install one, {install}.",
    ),
    "livekit_server_failed": Fault(500, None, "livekit-server did not start: {reason}."),
    "livekit_missing": Fault(
        501,
        None,
        "This server knows no LiveKit, so it has no rooms. Set livekit_url, livekit_api_key and "
        "livekit_api_secret (DUOLOGUE_LIVEKIT_URL, DUOLOGUE_LIVEKIT_API_KEY, "
        "DUOLOGUE_LIVEKIT_API_SECRET), or start one with: duologue dev --livekit",
    ),
    "needs_redis": Fault(
        501, None, "Session {session!r} runs in another process; reaching it needs Redis."
    ),
    "redis_unreachable": Fault(
        503,
        None,
        "Redis at {address} is not reached ({reason}), and without it no other process is. Start "
        "it, or correct redis_url.",
    ),
    "run_unheard": Fault(
        503,
        None,
        "No process answers for conversation {conversation!r}: the one that held it is gone, or "
        "just beginning. Which of them is known in half a minute; try again then.",
    ),
    "order_unanswered": Fault(
        504,
        None,
        "The process that holds conversation {conversation!r} did not answer. What you asked of it "
        "may have been done all the same; look before you ask again.",
    ),
    "order_unknown": Fault(
        503,
        None,
        "The process that holds this conversation runs an older version, which cannot do that. Try "
        "again when it was upgraded, or with another conversation.",
    ),
    "encryption_required": Fault(
        403,
        None,
        "This conversation is encrypted from end to end, and this client is not. Join with its "
        "key.",
    ),
    # What agent and client exchange
    "not_shareable": Fault(400, None, "{what} cannot be shared: {reason}."),
    "no_client": Fault(409, None, "{what} needs a client that takes {need!r}, and none is there."),
    "webhook_refused": Fault(400, None, "Nothing is sent to {url!r}: {reason}."),
    "address_refused": Fault(400, None, "No page is led to {url!r}: {reason}."),
    "vision_off": Fault(
        409,
        None,
        "Agent {agent!r} asks for no pictures. Let it see: vision=True in its @duologue.agent, or "
        "vision = true in its table.",
    ),
    # Why a socket closed
    "replaced": Fault(409, 4001, "This conversation was opened in another place."),
    "ended": Fault(410, 4002, "The conversation was ended ({reason})."),
    "revoked": Fault(401, 4004, "The key of this session was revoked."),
    "slow_reader": Fault(408, 4029, "This client reads too slowly for live audio."),
    "client_silent": Fault(
        408, 1011, "This client did not say that it is ready within {seconds} s."
    ),
    "timed_out": Fault(408, 4002, "The session reached its limit of {minutes} minutes."),
    # What failed on our side
    "provider_failed": Fault(502, None, "The agent's {part} failed: {reason}."),
    "agent_failed": Fault(500, 1011, "Agent {agent!r} could not start: {reason}."),
    "encryption_key_missing": Fault(
        503,
        None,
        "Agent {agent!r} has no key for encrypted rooms: {reason}. Set its encryption_key to "
        "'env:NAME' or 'file:PATH', or to a function in its file.",
    ),
    "store_unusable": Fault(
        503,
        1013,
        "The database cannot be used now: {reason}. Nothing of this was kept; try again shortly.",
    ),
    "internal": Fault(500, 1011, "Something went wrong on the server; its log has request {id}."),
    # Setting up
    "setting_invalid": Fault(400, None, "Setting {name!r}: {reason}."),
    "agent_invalid": Fault(400, None, "Agent {agent!r}: {reason}."),
    "phrase_invalid": Fault(400, None, "Phrase {phrase!r}: {reason}."),
    "file_invalid": Fault(400, None, "{path}: {reason}."),
    "model_unavailable": Fault(400, None, "Model {model!r} cannot be used: {reason}. {mend}"),
    "not_in_a_session": Fault(
        400, None, "duologue.current() works only inside an agent that is in a session."
    ),
    "not_on_this_transport": Fault(
        501,
        None,
        "{what} does not exist on the {transport} road; docs/transports.md says which road has it.",
    ),
    "data_in_use": Fault(
        409,
        None,
        "{path} is in use by another server (process {pid}). Several share a folder only on one "
        "PostgreSQL database and one Redis: set database_url and redis_url for each of them.",
    ),
    "database_in_use": Fault(
        409,
        None,
        "Another server runs on the database {database!r}. Stop it, or use another one; several "
        "run on one PostgreSQL database if redis_url is set for each of them.",
    ),
    "database_missing": Fault(
        404,
        None,
        "There is no database at {database}. Name its folder with --data DIR, or its address with "
        "DUOLOGUE_DATABASE_URL.",
    ),
    "database_unreachable": Fault(
        503, None, "The database {database} cannot be reached: {reason}. Check the address."
    ),
    "database_newer": Fault(
        409,
        None,
        "The database is at version {found}, and this duologue knows versions up to {known}. "
        "Install the newer duologue here; nothing was changed.",
    ),
    "database_not_empty": Fault(
        409, None, "The database is not empty: {what}. {mend}. Nothing was changed."
    ),
    "move_broken": Fault(
        500,
        None,
        "The move broke off: {reason}. Nothing of it was kept, {target} is as empty as before: run "
        "the same command again.",
    ),
    "copy_differs": Fault(
        500,
        None,
        "Table {table} came out different: {found} rows, {expected} were written. All of it was "
        "taken back, so try again; if it happens again, the disk or the database is broken.",
    ),
}


class DuologueError(Exception):
    """An error of the table, with the values its message names."""

    def __init__(self, code: str, /, **values: object) -> None:
        self.code = code
        self.fault = FAULTS[code]
        self.values = values
        super().__init__(self.fault.message.format(**values))

    @property
    def status(self) -> int:
        """The HTTP status that a door answers with."""
        return self.fault.status

    @property
    def message(self) -> str:
        """The sentence for people: what, which value, what to do."""
        return str(self)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.code, self.values))


class NotOnThisTransport(DuologueError):
    """What was asked does not exist on the road that this session travels."""

    def __init__(self, what: str, transport: str) -> None:
        super().__init__("not_on_this_transport", what=what, transport=transport)

    def __reduce__(self) -> tuple[object, ...]:
        return (NotOnThisTransport, (self.values["what"], self.values["transport"]))


class RpcError(Exception):
    """Why a request was not answered; raised in a handler, it is the answer.

    Numbers are LiveKit's: 1400 unknown method, 1401 nobody there, 1500 the handler failed,
    1502 no answer in time, 1503 it left; your own are below 1001 or above 1999.
    """

    def __init__(self, code: int, message: str, data: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.data = data

    @property
    def message(self) -> str:
        """The words of whoever refused."""
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.message, self.data))


def _rebuild(code: str, values: dict[str, object]) -> DuologueError:
    return DuologueError(code, **values)
