"""What is kept, in the console: how much, for how long, and away with what is old."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from litestar import Request, Response, get, post
from litestar.params import Parameter
from sqlalchemy import Connection

from duologue.access.console import Reader
from duologue.console.pages import engine
from duologue.console.pages import kept as pages
from duologue.console.pages.forms import Form, Wrong
from duologue.pipeline.host import Host
from duologue.server.console_forms import filled
from duologue.server.console_page import away, page
from duologue.store import trace_deletion

DAY_MS: Final = 86_400_000
MOST: Final = 1_000_000
"""Days, or megabytes, that a form may name."""


@get("/kept")
async def shown(
    host: Host, reader: Reader, gone: Annotated[int | None, Parameter(ge=0)] = None
) -> Response[str]:
    """How much is kept of whom; `gone` is what a form has just forgotten."""
    return await _page(host, reader, status=200, gone=gone)


@post("/kept/older", status_code=303)
async def older(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[Any]:
    """Forgets runs that began so many days ago."""
    reader.require_owner()
    form = await filled(request, "days")
    try:
        before = host.clock() - form.read("days", number) * DAY_MS
    except Wrong as error:
        return await _page(host, reader, older=form.because(error))
    return await _forget(host, trace_deletion.prune_older, before, reader.org_id)


@post("/kept/larger", status_code=303)
async def larger(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[Any]:
    """Forgets the oldest runs of each agent whose runs take more room than that."""
    reader.require_owner()
    form = await filled(request, "megabytes")
    try:
        most = form.read("megabytes", number) * 1_000_000
    except Wrong as error:
        return await _page(host, reader, larger=form.because(error))
    return await _forget(host, trace_deletion.prune_larger, most, reader.org_id)


DOORS = [shown, older, larger]


def number(text: str) -> int:
    """A whole number above zero; else a ValueError."""
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:20]) <= MOST:
        raise ValueError(f"{text[:60]!r} cannot be; write a whole number from 1 to {MOST:,}")
    return int(text)


async def _forget(
    host: Host, prune: Callable[[Connection, int, str], int], bound: int, org_id: str
) -> Response[bytes]:
    """Some at a time, each a unit of its own: others write meanwhile."""
    gone = 0
    while some := await host.db.write(prune, bound, org_id):
        gone += some
    return away(f"/console/kept?gone={gone}")


async def _page(
    host: Host, reader: Reader, *, status: int = 400, gone: int | None = None, **forms: Form
) -> Response[str]:
    view = await host.db.read(
        pages.load, reader.org_id, host.settings, gone=gone, now=host.clock(), **forms
    )
    return page(engine.draw("kept", reader=reader, place="keys", view=view), status)
