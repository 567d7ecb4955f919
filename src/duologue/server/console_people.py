"""People in the console: who is signed in, and how somebody else gets in."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, get, post

from duologue.access import console
from duologue.access.console import Reader
from duologue.console.pages import engine
from duologue.console.pages import people as pages
from duologue.console.pages.forms import Form, Wrong, chosen
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.console_forms import filled
from duologue.server.console_once import away_with, brought
from duologue.server.console_once import shown as shown_once
from duologue.server.console_page import away, page
from duologue.server.reached import address
from duologue.store.console import Role

ROLES: Final[dict[str, Role]] = {"viewer": "viewer", "owner": "owner"}
PLACE: Final = "/console/people"


@get("/people")
async def shown(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[str]:
    """Who is signed in and who was invited; the link of a new invitation, this once."""
    token = brought(request, reader)
    if not token:
        return await _page(host, reader, status=200)
    link = f"{address(request, host.settings.public_url)}/console/enter?token={token}"
    return shown_once(await _page(host, reader, status=200, link=link), PLACE)


@post("/people/invite", status_code=303)
async def invite(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[Any]:
    """Makes a link that lets somebody in, once, within ten minutes."""
    reader.require_owner()
    form = await filled(request, "role", "name")
    try:
        role = form.read("role", lambda text: chosen(text, ROLES))
        name = form.name()
        token = await host.db.write(console.invite, reader.org_id, role, name, host.clock())
    except (Wrong, DuologueError) as error:
        return await _page(host, reader, invitation=form.because(error))
    return away_with(request, host, reader, token, PLACE)


@post("/people/{person:str}/leave", status_code=303)
async def sign_out(host: Host, reader: Reader, person: str) -> Response[bytes]:
    """Signs somebody out on their browser, or withdraws a link."""
    reader.require_owner()
    await host.db.write(console.sign_out, reader.org_id, person)
    return away("/console/people")


DOORS = [shown, invite, sign_out]


async def _page(
    host: Host, reader: Reader, *, status: int = 400, link: str = "", invitation: Form | None = None
) -> Response[str]:
    view = await host.db.read(
        pages.load, reader.org_id, invitation=invitation, link=link, now=host.clock()
    )
    return page(engine.draw("people", reader=reader, place="keys", view=view), status)
