"""At which address a client reached this server, which a proxy before it may hide."""

from __future__ import annotations

import contextlib
from typing import Any

from litestar import Request

from duologue.access.origins import parse
from duologue.errors import DuologueError


def address(request: Request[Any, Any, Any], public_url: str) -> str:
    """The server's address for the one who asks, without a slash at its end.

    It is the setting `public_url`; without that what the proxy says in X-Forwarded-Proto and
    X-Forwarded-Host, else what the request itself says. Anybody may send those headers, so what is
    made of them goes back to the one who sent them, and to nobody else.
    """
    if public_url:
        return public_url.rstrip("/")
    said = [request.headers.get(f"x-forwarded-{name}", "") for name in ("proto", "host")]
    proto, host = (each.partition(",")[0].strip() for each in said)
    host = host or request.headers.get("host", "")
    with contextlib.suppress(DuologueError):
        if "*" not in host:  # a pattern of origins is no address
            return str(parse(f"{proto or request.url.scheme}://{host}"))
    return str(request.base_url).rstrip("/")
