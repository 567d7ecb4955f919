"""Every door of the server but the console's: what its address names, and who may go through.

Whoever adds a door says here what it is. A door that this table does not know, and a line of it
that is no door, fail in `test_doors.py`.
"""

from __future__ import annotations

import time
from typing import Any, Final, Literal

import msgspec

Who = Literal["open", "page", "read", "sessions", "admin", "ingest", "livekit", "token"]
"""`open`: everybody. `page`: whoever may open sessions, public keys too. A scope: secret keys that
have it. `livekit`: who holds this server's LiveKit secret. `token`: who shows what a session
left."""


class Door(msgspec.Struct, frozen=True):
    """What is expected at a door."""

    who: Who
    bodies: tuple[Any, ...] = (None,)
    """Bodies that it would take, with what is theirs in them."""
    foreign: tuple[int, ...] = (404,)
    """How it answers somebody else's key that names what is theirs."""
    own: tuple[int, ...] = ()
    """How it answers the right key; untried where that would change what the next test looks at."""
    query: str = ""


BEGAN: Final = time.time_ns() - 3600 * 10**9
READ: Final = Door("read", own=(200,))
LISTED: Final = Door("read", foreign=(200,), own=(200,))
ADMIN: Final = Door("admin")
TELLS: Final[dict[str, list[Any]]] = {"resourceSpans": [], "resourceLogs": []}
SPAN: Final = {
    "resourceSpans": [
        {
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "{trace}",
                            "spanId": "bbbbbbbbbbbbbbbb",
                            "name": "llm_request",
                            "startTimeUnixNano": str(BEGAN),
                            "endTimeUnixNano": str(BEGAN + 10**9),
                        }
                    ]
                }
            ]
        }
    ]
}
VERSION: Final = {"agent_version": {"name": "x"}, "agent_schema_version": {}}
SAY: Final = ({"text": "Hello."},)
DONE: Final = ({"status": "complete"},)
NOT_LIVE: Final = (409, 501)
"""Nobody is at its other end here; whether elsewhere, one process does not know."""
ASKS: Final = ({"room_config": {"agents": [{"agent_name": "{agent}"}]}},)
RESUMES: Final = (
    {"agent": "{ours}", "conversation_id": "{conversation}"},
    {"agent": "{ours}", "conversation_id": "{conversation}", "resume_token": "dk_resume_guessed"},
)

DOORS: Final[dict[str, Door]] = {
    # ---------------------------------------------------------------- who talks
    "POST /v1/agents/web/authorize_session": Door(
        "page",
        (
            {"agent_id": "{agent}"},
            {"agent_id": "{ours}", "conversation_id": "{conversation}"},
            {
                "agent_id": "{ours}",
                "conversation_id": "{conversation}",
                "resume_token": "dk_resume_guessed",
            },
        ),
    ),
    "POST /api/token": Door("page", ASKS + RESUMES),
    "POST /api/v2/sandbox/connection-details": Door("page", ASKS + RESUMES),
    "POST /api/widget/session": Door("page", ({"agent": "{agent}"}, *RESUMES), foreign=(403, 404)),
    "GET /api/widget/agent": Door("page", foreign=(403,), own=(200,), query="agent={agent}"),
    "POST /api/widget/feedback": Door(
        "token", ({"token": "dk_resume_guessed", "session_id": "{session}", "rating": "up"},)
    ),
    "POST /api/token/announce": Door("livekit", ({},)),
    "POST /api/visits": Door(
        "page",
        (
            {
                "visitor": "{visitor}",
                "visit": "{visit}",
                "agent": "{agent}",
                "sent_at": 1,
                "events": [{"type": "event", "id": "{event}", "at": 1, "name": "x"}],
            },
        ),
    ),
    # ---------------------------------------------------------------- owners
    "GET /v1/agents": LISTED,
    "GET /v1/agents/{agent}": READ,
    "GET /v1/conversations": LISTED,
    "GET /v1/conversations/{conversation}": READ,
    "DELETE /v1/conversations/{conversation}": ADMIN,
    "GET /v1/conversations/{conversation}/feedback": READ,
    "GET /v1/conversations/{conversation}/messages": READ,
    "GET /v1/conversations/{conversation}/live": Door("read", own=NOT_LIVE),
    "POST /v1/conversations/{conversation}/say": Door("sessions", SAY, own=NOT_LIVE),
    "POST /v1/conversations/{conversation}/speak": Door("sessions", SAY, own=NOT_LIVE),
    "POST /v1/conversations/{conversation}/interrupt": Door("sessions", own=NOT_LIVE),
    "POST /v1/conversations/{conversation}/end": Door("sessions", ({"reason": "late"},)),
    "POST /v1/conversations/{conversation}/takeover": Door(
        "sessions", ({"name": "Jo"},), own=NOT_LIVE
    ),
    "POST /v1/conversations/{conversation}/handback": Door("sessions", own=NOT_LIVE),
    "GET /v1/sessions": LISTED,
    "GET /v1/sessions/{session}": READ,
    "DELETE /v1/sessions/{session}": ADMIN,
    "POST /v1/sessions/{session}/say": Door("sessions", SAY),
    "POST /v1/sessions/{session}/interrupt": Door("sessions"),
    "POST /v1/sessions/{session}/end": Door("sessions", ({"reason": "late"},)),
    "GET /v1/keys": Door("admin", foreign=(200,), own=(200,)),
    "POST /v1/keys": Door("admin", ({"agent": "{agent}", "origins": ["https://a.example"]},)),
    "DELETE /v1/keys/{key}": ADMIN,
    "GET /api/visitors/{visitor}": READ,
    "DELETE /api/visitors/{visitor}": Door("admin", query="words=true"),
    "GET /v1/overview": LISTED,
    "GET /v1/alerts": LISTED,
    "POST /v1/alerts": Door(
        "admin", ({"measure": "lost", "threshold": 1, "agent": "{agent}"},), foreign=(201, 404)
    ),
    "DELETE /v1/alerts/{alert}": ADMIN,
    "POST /v1/alerts/{alert}/test": ADMIN,
    "GET /v1/traces": LISTED,
    "GET /v1/traces/export": LISTED,
    "GET /v1/traces/{run}": READ,
    "GET /v1/traces/{run}/otlp": READ,
    "DELETE /v1/traces/{run}": ADMIN,
    "GET /v1/traces/{run}/recordings": READ,
    "GET /v1/traces/{run}/recordings/{recording}": READ,
    # ---------------------------------------------------------------- programs that tell
    "POST /v1/traces": Door("ingest", (TELLS, SPAN), foreign=(200,)),
    "POST /v1/logs": Door("ingest", (TELLS,), foreign=(200,)),
    "POST /v1/metrics": Door("ingest", ({"resourceMetrics": []},), foreign=(200,)),
    "POST /observability/traces/otlp/v0": Door("livekit", (SPAN,)),
    "POST /observability/logs/otlp/v0": Door("livekit", (TELLS,)),
    "POST /observability/metrics/otlp/v0": Door("livekit", ({},)),
    "POST /observability/recordings/v0": Door("livekit", ({},)),
    "GET /api/v1/ping": Door("ingest", foreign=(200,), own=(200,)),
    "GET /api/v1/agent_instance": LISTED,
    "GET /api/v1/agent_instance/{instance}": READ,
    "POST /api/v1/agent_instance/register": Door(
        "ingest", (VERSION | {"id": "{taken}"},), foreign=(200,)
    ),
    "POST /api/v1/agent_instance/{instance}/start": Door("ingest", ({},)),
    "POST /api/v1/agent_instance/{instance}/finish": Door("ingest", DONE),
    "POST /api/v1/agent_instance/{instance}/record_quality": Door("ingest", ({"name": "good"},)),
    "POST /api/v1/agent_instance/{instance}/terminate": Door("sessions", ({"reason": "late"},)),
    "GET /api/v1/agent_spans": Door("read", own=(200,), query="agent_instance_id={instance}"),
    "POST /api/v1/agent_spans": Door(
        "ingest",
        (
            {
                "details": {
                    "agent_instance_id": "{instance}",
                    "schema_name": "livekit:llm",
                    "status": "active",
                }
            },
        ),
    ),
    "POST /api/v1/agent_spans/{step}/finish": Door("ingest", DONE),
    "POST /api/v1/bulk": Door(
        "ingest",
        (
            {
                "items": [
                    {
                        "_type": "agent_instances/finish",
                        "idempotency_key": "a key of ours",
                        "id": "{instance}",
                    }
                ]
            },
        ),
        foreign=(200,),
    ),
    # ---------------------------------------------------------------- everybody
    "GET /": Door("open"),
    "GET /status": Door("open"),
    "GET /health": Door("open"),
    "GET /ready": Door("open"),
    "GET /metrics": Door("read", foreign=(403,), own=(403,)),
    "GET /assets/{name}": Door("open"),
    "GET /duologue.js": Door("open"),
    "GET /v1/docs": Door("open"),
    "GET /v1/docs/{path}": Door("open"),
    "GET /v1/docs/openapi.json": Door("open"),
}
"""By method and address; the parts in braces are filled with what is another organization's."""
ACTS: Final = "POST /api/v1/agent_instance/{instance}/{act}"
"""One door to the router, several to Prefactor's clients."""
RENAMED: Final = {"{trace}": "{run}", "{span}": "{step}"}
"""What the router's addresses call otherwise than this table."""
REACHES_READERS: Final = frozenset(
    {
        "GET /api/v1/agent_instance",
        "GET /api/v1/agent_instance/{instance}",
        "GET /api/v1/agent_spans",
    }
)
"""Where a key that only tells may look at what it told, so that `read` is not all that opens."""


def filled(value: Any, theirs: dict[str, str]) -> Any:
    """A body with what is theirs in the places of its braces."""
    if isinstance(value, str):
        return value.format_map(theirs) if value.startswith("{") else value
    if isinstance(value, dict):
        return {name: filled(inner, theirs) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, theirs) for inner in value]
    return value
