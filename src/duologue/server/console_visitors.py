"""Visitors in the console: found, looked at, forgotten."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post

from duologue.access.console import Reader
from duologue.console.pages import engine
from duologue.console.pages import visitors as pages
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import forget
from duologue.server.console_forms import filled
from duologue.server.console_page import away, page


@get("/visitors")
async def listed(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[str]:
    """The visitors, who was here last first, or those that a word means."""
    asked = pages.Asked.of(request.query_params.multi_items())
    view = await host.db.read(pages.load, reader.org_id, asked, now=host.clock())
    return page(engine.draw("visitors", reader=reader, place="visitors", view=view))


@get("/visitors/{visitor:str}")
async def one(host: Host, reader: Reader, visitor: str) -> Response[str]:
    """All that is kept of a visitor."""
    view = await host.db.read(pages.load_one, reader.org_id, visitor, now=host.clock())
    return page(engine.draw("visitor", reader=reader, place="visitors", view=view))


@post("/visitors/{visitor:str}/delete", status_code=303)
async def delete(
    request: Request[Any, Any, Any], host: Host, reader: Reader, visitor: str
) -> Response[bytes]:
    """Forgets a visitor, and, where that is asked for, every word of their conversations."""
    reader.require_owner()
    form = await filled(request, "words")
    gone = await forget.visitor(host, reader.org_id, visitor, words=bool(form["words"]))
    if gone is None:
        raise DuologueError("visitor_not_found", visitor=visitor)
    return away("/console/visitors")


DOORS = [listed, one, delete]
