"""What every page of the console has: its headers, its reader, and no order from another page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import MediaType, Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

from duologue.access import console
from duologue.access.console import Reader
from duologue.console.pages import engine
from duologue.errors import DuologueError
from duologue.pipeline.host import Host

COOKIE: Final = "duologue_console"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS: Final = {
    "content-security-policy": engine.POLICY,
    # Not `no-referrer`: under that a browser hides the origin of our own forms, too.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
_TITLES: Final = {
    "console_signed_out": "Sign in",
    "console_link_void": "This link opens nothing any more",
    "console_viewer": "Only an owner may do that",
    "console_foreign": "Not from another page",
    "trace_not_found": "No such conversation",
    "conversation_not_found": "No such conversation",
    "agent_not_found": "No such agent",
    "key_not_found": "No such key",
    "key_expired": "This key opens nothing any more",
    "visitor_not_found": "No such visitor",
    "sign_in_not_found": "Nobody of that id",
    "not_found": "There is no such page",
    "internal": "That did not work",
    "trace_live": "Still going on",
    "trace_over": "It is over already",
    "link_void": "This link shows nothing any more",
    "links_used_up": "Too many links",
    "bad_request": "This cannot be shown",
    "rate_limited": "Too many at once",
}
_NOWHERE: Final = frozenset({"not_found", "method_not_allowed", "internal"})
"""What is answered before anybody knows who asks."""
_COMMANDS: Final = dict.fromkeys(
    ("console_signed_out", "console_link_void", "console_viewer"), "duologue console login"
)


def page(html: str, status: int = 200, *, pictures: Sequence[str] = ()) -> Response[str]:
    """A page as the console sends it: kept nowhere, framed by nobody."""
    headers = HEADERS | {"content-security-policy": engine.policy(pictures)}
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)


def away(to: str) -> Response[bytes]:
    """Sends on after a form, so that a reload does not send that again."""
    return Response(
        b"", status_code=303, media_type=MediaType.TEXT, headers={**HEADERS, "location": to}
    )


async def reader_of(request: Request[Any, Any, Any], host: Host) -> Reader:
    """Who looks; nobody else reads anything here."""
    now = host.clock()
    who = await host.db.read(console.reader, request.cookies.get(COOKIE, ""), now)
    if now - who.noted_at >= console.NOTED_MS:
        await host.db.write(console.note, who, now)
    request.state.reader = who
    return who


def own_pages_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuses whatever changes something, unless a page of this very console asks for it."""
    if connection.scope.get("method") in _SAFE:
        return
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        own = site == "same-origin"
    else:  # a browser of before 2023: it names the origin at least
        origin = connection.headers.get("origin", "")
        own = bool(origin) and urlsplit(origin).netloc in _names(connection)
    if not own:
        raise DuologueError("console_foreign")


def _names(connection: ASGIConnection[Any, Any, Any, Any]) -> set[str]:
    """What this server may be called by: as it was asked, and as its settings have it."""
    public = urlsplit(connection.app.state.url).netloc
    return {connection.headers.get("host", ""), public}


def refused(request: Request[Any, Any, Any], error: DuologueError) -> Response[str]:
    """What went wrong, as a page that says what to do."""
    who = getattr(request.state, "reader", None)
    html = engine.draw(
        "refused",
        reader=who,
        place="",
        title=_TITLES.get(error.code, "That did not work"),
        message=error.message,
        command=_COMMANDS.get(error.code, ""),
        back=who is not None or error.code in _NOWHERE,
    )
    answer = page(html, error.status)
    if error.status == 429:
        answer.headers["retry-after"] = str(error.values.get("seconds", 5))
    return answer


def within(path: str) -> bool:
    """Whether a path is the console's, so that even what is nowhere is answered by a page."""
    return path == "/console" or path.startswith("/console/")


def lost(
    request: Request[Any, Any, Any], error: DuologueError, headers: Mapping[str, str]
) -> Response[str]:
    """The same for what no door of the console took."""
    answer = refused(request, error)
    answer.headers.update({name: value for name, value in headers.items() if name == "allow"})
    return answer


def misread(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    """The same for a request that no handler of ours took."""
    return refused(request, DuologueError("bad_request", reason=error.detail))
