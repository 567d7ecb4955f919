"""The balance in the console: what there is, what was used, and what is added."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post

from duologue.access.console import Reader
from duologue.console.pages import balance as pages
from duologue.console.pages import engine
from duologue.console.pages.forms import Form, Wrong
from duologue.core import amounts
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.console_forms import filled
from duologue.server.console_page import away, page
from duologue.store import organizations


@get("/balance")
async def shown(host: Host, reader: Reader, time: str = "month") -> Response[str]:
    """The balance, and the usage of a week, a month or a quarter."""
    return await _page(host, reader, status=200, time=time)


@post("/balance/credit", status_code=303)
async def credit(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[Any]:
    """Adds to the balance; an unlimited one becomes metered, from zero."""
    reader.require_owner()
    form = await filled(request, "amount", "note")
    try:
        micros = form.read("amount", amounts.micros)
        if not micros:
            raise Wrong("amount", "nothing is added by it; write a number above 0: 25.50")
        note = form.name("note")
        await host.db.write(organizations.credit, reader.org_id, micros, note, host.clock())
    except (Wrong, DuologueError) as error:
        return await _page(host, reader, more=form.because(error))
    return away("/console/balance")


@post("/balance/set", status_code=303)
async def set_exactly(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[Any]:
    """Makes the balance exactly that much, or unlimited."""
    reader.require_owner()
    form = await filled(request, "amount", "note")
    try:
        micros = form.read("amount", amounts.balance)
        note = form.name("note")
        await host.db.write(organizations.set_balance, reader.org_id, micros, note, host.clock())
    except (Wrong, DuologueError) as error:
        return await _page(host, reader, exact=form.because(error))
    return away("/console/balance")


DOORS = [shown, credit, set_exactly]


async def _page(
    host: Host, reader: Reader, *, status: int = 400, time: str = "month", **forms: Form
) -> Response[str]:
    view = await host.db.read(pages.load, reader.org_id, time=time, now=host.clock(), **forms)
    return page(engine.draw("balance", reader=reader, place="keys", view=view), status)
