"""Conversations taken along from the console: one, or all that pass the list's filters."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from litestar import Request, Response, get
from litestar.response import Stream

from duologue.access.console import Reader
from duologue.console.pages import listing
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.console_page import HEADERS
from duologue.server.taking import FORMS, Form, pieces
from duologue.store import trace_export


@get("/traces/{run:str}/{form:str}")
async def one(
    request: Request[Any, Any, Any], host: Host, reader: Reader, run: str, form: str
) -> Response[bytes]:
    """All of a conversation, as the owners' API has it, as a sheet, or in OpenTelemetry's words."""
    made = _form(request, form)
    whole = await host.db.read(trace_export.whole, reader.org_id, run)
    if whole is None:
        raise DuologueError("trace_not_found", trace=run)
    body = await asyncio.to_thread(made.alone, whole)
    return Response(body, media_type=made.media_type, headers=_file(run, made))


@get("/export/{form:str}")
async def many(
    request: Request[Any, Any, Any], host: Host, reader: Reader, form: str
) -> Response[Any]:
    """What passes the filters, newest first; a file that is cut says so in its name and its end."""
    made = _form(request, form)
    asked = listing.Asked.of(request.query_params.multi_items())
    page = await host.db.read(
        trace_export.page,
        reader.org_id,
        asked.filters(host.clock()),
        before=asked.before or None,
        limit=listing.FILE,
    )
    name = "conversations" if page.next is None else f"conversations-{listing.FILE}-of-more"
    headers = _file(name, made)
    if page.next is not None:
        headers["x-next"] = page.next
    runs = [each.id for each in page.items]
    bodiless = request.scope.get("duologue.head")
    body = () if bodiless else pieces(host, reader.org_id, made, runs, page.next)
    return Stream(body, media_type=made.media_type, headers=headers)


DOORS: Final[list[Any]] = [one, many]


# ---------------------------------------------------------------- within


def _form(request: Request[Any, Any, Any], name: str) -> Form:
    if name not in FORMS:
        raise DuologueError("not_found", path=request.url.path)
    return FORMS[name]


def _file(name: str, form: Form) -> dict[str, str]:
    """What makes a browser keep it as a file; the name is that of a trace that was found."""
    return {**HEADERS, "content-disposition": f'attachment; filename="{name}.{form.ending}"'}
