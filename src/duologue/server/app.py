"""The application: doors, the socket's road, and what they share, put together once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.config import OpenAPIConfig

from duologue.access.limits import Limits
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import (
    alerts,
    announce,
    assets,
    console,
    console_entry,
    console_page,
    cors,
    face,
    feedback,
    head,
    headers,
    health,
    insights,
    layercode,
    metrics,
    otlp,
    owners,
    pages,
    prefactor,
    recordings,
    tokens,
    traces,
    visits,
    widget,
)
from duologue.server.admit import Doorman
from duologue.server.arriving import Arriving
from duologue.server.console_streams import Streams
from duologue.server.face import Faces
from duologue.server.invite import Inviter
from duologue.server.keys import Keys
from duologue.server.nearby import Mode, Nearby
from duologue.server.openings import SOCKET_PATH, Openings
from duologue.server.owners_live import LiveConversations
from duologue.server.reference import Reference
from duologue.server.rooms import Rooms
from duologue.server.told import Keeper
from duologue.transports.layercode import GRANTED
from duologue.transports.websocket import WebSocketRoad
from duologue.wire.layercode import encode_error

log = structlog.get_logger(__name__)

AUTHORIZE_PATH = "/v1/agents/web/authorize_session"
ASKED_BY_PAGES = frozenset(
    {
        AUTHORIZE_PATH,
        tokens.PATH,
        tokens.DEVELOPMENT_PATH,
        announce.PATH,
        widget.PATH,
        face.PATH,
        visits.PATH,
        feedback.PATH,
    }
)
"""The doors that pages of other origins may knock at."""
BODY_LIMIT = 1024 * 1024

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Asked(Request[Any, Any, Any]):
    """A request whose body, when it cannot be read at all, is the client's mistake, not ours."""

    async def json(self) -> Any:
        """The body, from JSON."""
        try:
            return await super().json()
        except (UnicodeError, RecursionError) as error:
            raise DuologueError("bad_request", reason=error) from None


class House:
    """The ASGI application: HTTP goes to the doors, the socket's address to its road."""

    def __init__(
        self, host: Host, rooms: Rooms, mode: Mode, organization_id: str, *, bound: str
    ) -> None:
        self.host = host
        public_url = host.settings.public_url
        nearby = Nearby(mode, organization_id, bound=bound, public_url=public_url)
        self.doorman = Doorman(host, nearby, granted=GRANTED)
        openings = Openings(self.doorman, Inviter(self.doorman, organization_id))
        faces = Faces(self.doorman)
        tracking = visits.Visits(self.doorman)
        keeper = Keeper(host.settings, host.clock)
        insights_door = insights.Insights(host, organization_id, keeper)
        otlp_door = otlp.Otlp(self.doorman, keeper)
        prefactor_door = prefactor.Prefactor(self.doorman, keeper)
        streams = Streams()
        tries = Limits(console_entry.TRIES, kind="sign-in", counts=host.counts)
        self._road = WebSocketRoad(host, self.doorman.open)
        self._doors = Litestar(
            [
                layercode.authorize_session,
                tokens.token,
                announce.announce,
                widget.widget_session,
                face.widget_agent,
                feedback.widget_feedback,
                *([tokens.development_token] if mode == "dev" else []),
                *health.DOORS,
                *metrics.DOORS,
                *owners.DOORS,
                LiveConversations,
                Keys,
                *visits.DOORS,
                *traces.DOORS,
                *alerts.DOORS,
                *recordings.DOORS,
                *insights.DOORS,
                *otlp.DOORS,
                *prefactor.DOORS,
                *pages.DOORS,
                *assets.DOORS,
                console.CONSOLE,
            ],
            dependencies={
                "doorman": Provide(lambda: self.doorman, sync_to_thread=False),
                "openings": Provide(lambda: openings, sync_to_thread=False),
                "faces": Provide(lambda: faces, sync_to_thread=False),
                "tracking": Provide(lambda: tracking, sync_to_thread=False),
                "insights_door": Provide(lambda: insights_door, sync_to_thread=False),
                "otlp_door": Provide(lambda: otlp_door, sync_to_thread=False),
                "prefactor_door": Provide(lambda: prefactor_door, sync_to_thread=False),
                "host": Provide(lambda: self.host, sync_to_thread=False),
                "tries": Provide(lambda: tries, sync_to_thread=False),
                "streams": Provide(lambda: streams, sync_to_thread=False),
                "rooms": Provide(lambda: rooms, sync_to_thread=False),
                "nearby": Provide(lambda: nearby, sync_to_thread=False),
            },
            exception_handlers={
                DuologueError: _refused,
                HTTPException: _http_error,
                Exception: _failed,
            },
            openapi_config=OpenAPIConfig(
                title="duologue",
                version="1",
                path="/v1/docs",
                use_handler_docstrings=True,
                render_plugins=[Reference()],
            ),
            request_class=Asked,
            request_max_body_size=BODY_LIMIT,
            logging_config=None,
            state=State(
                {"organization_id": organization_id, "url": public_url or bound, "mode": mode}
            ),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request, one socket, or the lifespan."""
        if scope["type"] == "websocket" and scope["path"] == SOCKET_PATH:
            await self._road(scope, receive, send)
            return
        if scope["type"] == "http":
            receive = Arriving(scope["path"], receive)
            send = headers.complete(scope["path"], send)
        if scope.get("method") == "OPTIONS" and scope["path"] in ASKED_BY_PAGES:
            await cors.preflight(scope, send)
        elif scope.get("method") == "HEAD":
            await head.serve(self._doors, scope, receive, send)
        else:
            await self._doors(scope, receive, send)  # type: ignore[arg-type]  # same ASGI, other names


def _refused(request: Request[Any, Any, Any], error: DuologueError) -> Response[bytes]:
    headers = {"cache-control": "no-store"} | _cors(request)
    if error.status in (429, 503):
        headers["retry-after"] = str(error.values.get("seconds", 5))
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return _answer(error.code, error.message, error.status, headers)


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    path = request.url.path
    if error.status_code >= 500:  # its words were meant for us
        return _failed(request, error)
    if isinstance(error, NotFoundException):
        shown = DuologueError("not_found", path=path)
    elif isinstance(error, MethodNotAllowedException):
        allowed = (error.headers or {}).get("allow", "another method")
        shown = DuologueError("method_not_allowed", method=request.method, allowed=allowed)
    elif error.status_code == 413:
        shown = DuologueError("too_large", limit=BODY_LIMIT)
    else:
        shown = DuologueError("bad_request", reason=_reason(error))
    headers = dict(error.headers or {}) | _cors(request)
    if console_page.within(path):
        return console_page.lost(request, shown, headers)
    return _answer(shown.code, shown.message, error.status_code, headers)


def _reason(error: HTTPException) -> str:
    """What is wrong with a request, by the names of its fields where there are any."""
    found = error.extra if isinstance(error.extra, list) else []
    each = (one for one in found if isinstance(one, dict) and "message" in one)
    said = [f"{one['key']}: {one['message']}" if "key" in one else one["message"] for one in each]
    return "; ".join(said) or error.detail


def _cors(request: Request[Any, Any, Any]) -> dict[str, str]:
    """What lets any page read its refusal, and what to do about it, at the doors for pages."""
    return cors.readable(request) if request.url.path in ASKED_BY_PAGES else {}


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    number = uuid4().hex[:12]
    log.error("request failed", request=number, path=request.url.path, exc_info=error)
    shown = DuologueError("internal", id=number)
    headers = {"cache-control": "no-store"} | _cors(request)
    if console_page.within(request.url.path):
        return console_page.lost(request, shown, headers)
    return _answer(shown.code, shown.message, shown.status, headers)


def _answer(code: str, message: str, status: int, headers: dict[str, str]) -> Response[bytes]:
    return Response(
        encode_error(code, message),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )
