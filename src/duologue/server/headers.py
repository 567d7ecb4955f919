"""What every answer says to browsers, whichever door it is from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from duologue.console.status import CONTENT_SECURITY_POLICY

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The policy of what is no page: opened as one, it runs, loads and frames nothing."""
PAGES: Final = {"/v1/docs": CONTENT_SECURITY_POLICY}
"""Pages whose door cannot say their policy: Litestar's own."""
ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"microphone=(), camera=(), geolocation=()"),
)
"""Said where a door says nothing else of the kind."""
_SCRIPTS: Final = (b"text/javascript", b"text/css")
"""What runs under the policy of the page that loads it; a worker would take its file's own."""


def complete(path: str, send: Send) -> Send:
    """Sends what it is given, and puts into an answer's head what that lacks."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = {name.lower(): value for name, value in message["headers"]}
            more = [each for each in ALWAYS if each[0] not in said]
            if b"content-security-policy" not in said and not said.get(
                b"content-type", b""
            ).startswith(_SCRIPTS):
                policy = PAGES.get(path.rstrip("/"), NOTHING)
                more.append((b"content-security-policy", policy.encode()))
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sending
