"""Which pages of other origins may read an answer: those that were let in, and no others."""

from __future__ import annotations

from typing import Any, Final

from litestar import HttpMethod, Request, Response, route

from duologue.access.origins import parse
from duologue.errors import DuologueError

CACHED: Final = "600"
"""Seconds for which a browser remembers that it may ask."""


def readable(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The headers that let the asking page read this answer; never with its cookies."""
    origin = request.headers.get("origin")
    shown = {"vary": "Origin"}
    if origin is not None and _is_origin(origin):
        shown["access-control-allow-origin"] = origin
    return shown


def readable_error(request: Request[Any, Any, Any], error: DuologueError) -> dict[str, str]:
    """The same for a refusal, unless the page or its key is what was refused."""
    stranger = error.code == "origin_refused" or error.status == 401
    return {"vary": "Origin"} if stranger else readable(request)


@route(
    "/v1/agents/web/authorize_session",
    http_method=[HttpMethod.OPTIONS],
    include_in_schema=False,
    status_code=204,
)
async def preflight(request: Request[Any, Any, Any]) -> Response[None]:
    """Lets any page ask; whether it may is decided when it asks, with its key."""
    asking = {
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type, x-api-key",
        "access-control-max-age": CACHED,
    }
    return Response(None, status_code=204, headers=readable(request) | asking)


def _is_origin(text: str) -> bool:
    try:
        parse(text)
    except DuologueError:
        return False
    return "*" not in text
