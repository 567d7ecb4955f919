"""Which pages of other origins may read an answer: at the doors for pages, whichever asks.

No cookie goes along, so a page reads what its key gives it; and of one that is refused, why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from litestar import Request

from duologue.access.origins import parse
from duologue.errors import DuologueError

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CACHED: Final = b"600"
"""Seconds for which a browser remembers that it may ask."""


def readable(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The headers that let the asking page read this answer; never with its cookies."""
    origin = request.headers.get("origin")
    shown = {"vary": "Origin"}
    if origin is not None and _is_origin(origin):
        shown["access-control-allow-origin"] = origin
        shown["access-control-expose-headers"] = "retry-after"
    return shown


async def preflight(scope: Scope, send: Send) -> None:
    """Lets any page ask; whether it may is decided when it asks, with its key."""
    headers = [
        (b"vary", b"Origin"),
        (b"access-control-allow-methods", b"GET, POST"),
        (
            b"access-control-allow-headers",
            b"authorization, content-type, x-api-key, x-sandbox-id",
        ),
        (b"access-control-max-age", CACHED),
    ]
    origin = dict(scope["headers"]).get(b"origin", b"")
    if _is_origin(origin.decode("latin-1")):
        headers.append((b"access-control-allow-origin", origin))
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _is_origin(text: str) -> bool:
    try:
        parse(text)
    except DuologueError:
        return False
    return "*" not in text
