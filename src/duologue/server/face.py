"""The door at which a widget learns whom it shows, before anybody talks."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from sqlalchemy import Connection

from duologue.access import keys
from duologue.access.keys import Principal
from duologue.agents.definition import AgentDefinition
from duologue.console.suggestions import suggestions
from duologue.pipeline.recording import is_recorded
from duologue.server import cors, policy, reached
from duologue.server.admit import Doorman
from duologue.server.layercode import presented_key
from duologue.server.pace import Pace
from duologue.wire import widget as wire
from duologue.wire.opening import TRANSPORTS

PATH: Final = "/api/widget/agent"
CACHED: Final = "private, max-age=60"
"""A page that is looked at again does not ask again at once."""
VARY: Final = "Origin, Authorization, X-Api-Key"

_encode = msgspec.json.Encoder().encode


class Faces:
    """Shows agents to whom they would talk; it opens nothing, and costs no session's pace."""

    def __init__(self, doorman: Doorman) -> None:
        self._doorman = doorman
        self._host = doorman.host
        host = doorman.host
        per_minute = host.settings.authorize_per_minute
        self._pace = Pace(per_minute, kind="face", counts=host.counts)

    async def face(self, request: Request[Any, Any, Any], agent: str) -> wire.WidgetFace:
        """The face of the agent that this page's key opens, or the refusal that a talk would be."""
        key = presented_key(request)
        near = self._doorman.nearby.who(request) if key is None else None
        caller = keys.digest(key) if key else None
        now = self._host.clock()
        if near is None:
            await self._pace.take(caller, request.client.host if request.client else "", now)
        with self._pace.learning(caller):
            principal, text = await self._host.db.read(_look, near, key, agent, now)
        definition = self._doorman.definitions(text)
        policy.require_page(principal, definition, self._origin(request))
        await self._doorman.uses.note(principal)
        settings = self._host.settings
        return face_of(
            definition,
            rooms=bool(settings.livekit_url),
            recorded=is_recorded(definition, settings, e2ee=definition.encryption == "required"),
        )

    def _origin(self, request: Request[Any, Any, Any]) -> str | None:
        """Where the page is from: a browser does not say so when it asks its own server."""
        origin = request.headers.get("origin")
        if origin is None and request.headers.get("sec-fetch-site") == "same-origin":
            return reached.address(request, self._host.settings.public_url)
        return origin


@get(
    PATH,
    tags=["Widget"],
    responses={200: ResponseSpec(wire.WidgetFace, description="The agent's face")},
)
async def widget_agent(
    request: Request[Any, Any, Any], faces: Faces, agent: str = ""
) -> Response[bytes]:
    """Answers with what a widget shows before anybody talks; `agent` is an id or a slug."""
    body = _encode(await faces.face(request, agent))
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {**cors.readable(request), "cache-control": CACHED, "vary": VARY, "etag": tag}
    known = request.headers.get("if-none-match", "")
    if tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def face_of(definition: AgentDefinition, *, rooms: bool, recorded: bool = False) -> wire.WidgetFace:
    """How a widget shows an agent of this definition."""
    widget = definition.widget
    chosen = widget.suggestions
    return wire.WidgetFace(
        agent=definition.slug,
        name=definition.title,
        avatar_image_url=definition.avatar or None,
        idle_loop_url=definition.idle_loop or None,
        greeting=definition.greeting,
        push_to_talk=definition.turns.trigger == "push_to_talk",
        suggestions=suggestions(definition.phrases) if chosen is None else list(chosen),
        transports=[
            road for road in TRANSPORTS if road in definition.roads and (rooms or road != "livekit")
        ],
        tabs=definition.tabs,
        vision=definition.vision,
        encryption=definition.encryption,
        record=definition.encryption != "required" or definition.record_encrypted,
        recorded=recorded,
        navigation=definition.navigation,
        consent=_consent(definition),
        overrides=list(definition.overrides),
        attributes=list(widget.attributes),
        look=wire.WidgetLook(
            title=widget.title,
            start_text=widget.start_text,
            bubble=widget.bubble,
            theme=widget.theme,
            accent=widget.accent,
            language=widget.language,
            record_notice=widget.record_notice,
            feedback=widget.feedback,
        ),
    )


def _consent(definition: AgentDefinition) -> wire.WidgetConsent | None:
    """What a visitor agrees to, and its hash."""
    widget = definition.widget
    if not widget.consent:
        return None
    address = widget.consent_is_address
    return wire.WidgetConsent(
        text=None if address else widget.consent,
        url=widget.consent if address else None,
        hash=widget.consent_hash,
    )


def _look(
    conn: Connection, near: Principal | None, key: str | None, agent: str, now: int
) -> tuple[Principal, str]:
    """Who asks, and the definition of the agent that is meant."""
    principal = near or keys.authenticate(conn, key, now)
    found = policy.agent_for(conn, principal, agent, tells_foreign=True)
    return principal, found.definition
