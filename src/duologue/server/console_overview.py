"""The overview in the console, and its alerts: made, tried and deleted by owners."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from sqlalchemy import Connection

from duologue.access.console import Reader
from duologue.console.pages import alerts, engine, overview
from duologue.console.pages.forms import Form
from duologue.core.alerts import MEASURES
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import alerts as door
from duologue.server.console_forms import filled
from duologue.server.console_page import away, page
from duologue.store import alerts as store
from duologue.wire.alerts import AlertRequest

FIELDS: Final = ("measure", "threshold", "agent", "window_minutes", "webhook")
SECTION: Final = "/console/overview#alerts"


@get("/overview")
async def show(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[str]:
    """How agents did over a time."""
    asked = overview.Asked.of(request.query_params.multi_items())
    return await _drawn(host, reader, asked, Form())


@post("/alerts", status_code=303)
async def add(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[Any]:
    """Makes an alert, or shows the form again with what is wrong in it."""
    reader.require_owner()
    form = await filled(request, *FIELDS)
    try:
        await door.add(host, reader.org_id, _asked(form))
    except DuologueError as error:
        wrong = form.because(error)
        answer = await _drawn(host, reader, overview.Asked(), wrong)
        answer.status_code = error.status
        return answer
    return away(SECTION)


@post("/alerts/{alert:str}/test", status_code=303)
async def rehearse(
    request: Request[Any, Any, Any], host: Host, reader: Reader, alert: str
) -> Response[bytes]:
    """Tells an alert's webhook of it, to try it."""
    reader.require_owner()
    await filled(request)
    await door.rehearse(host, reader.org_id, alert)
    return away(SECTION)


@post("/alerts/{alert:str}/delete", status_code=303)
async def delete(
    request: Request[Any, Any, Any], host: Host, reader: Reader, alert: str
) -> Response[bytes]:
    """Forgets an alert and what happened to it."""
    reader.require_owner()
    await filled(request)
    await host.db.write(store.remove, reader.org_id, alert)
    return away(SECTION)


DOORS = [show, add, rehearse, delete]


async def _drawn(host: Host, reader: Reader, asked: overview.Asked, form: Form) -> Response[str]:
    view, told = await host.db.read(
        _load, reader, asked, host.settings.webhook_secret, host.clock()
    )
    html = engine.draw(
        "overview", reader=reader, place="overview", view=view, alerts=told, form=form
    )
    return page(html)


def _load(
    conn: Connection, reader: Reader, asked: overview.Asked, master: str, now: int
) -> tuple[overview.OverviewView, alerts.AlertsView]:
    found = overview.load(conn, reader.org_id, asked, now=now)
    owner = reader.role == "owner"
    return found, alerts.load(conn, reader.org_id, master=master, owner=owner)


def _asked(form: Form) -> AlertRequest:
    """The alert that a form means, or a refusal that says which field is wrong."""
    given: dict[str, Any] = {name: form[name] for name in FIELDS if form[name]}
    try:
        return msgspec.convert(given, AlertRequest, strict=False)
    except msgspec.ValidationError as error:
        known = f"; there are {', '.join(MEASURES)}" if "measure" in str(error) else ""
        raise DuologueError("bad_request", reason=f"{error}{known}") from None
