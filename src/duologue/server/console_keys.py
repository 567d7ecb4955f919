"""Keys in the console: listed, made, allowed on more pages, rotated, revoked."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, get, post

from duologue.access import expiry, origins
from duologue.access import keys as doorkeeper
from duologue.access.console import Reader
from duologue.console.pages import agents as agent_pages
from duologue.console.pages import engine
from duologue.console.pages import keys as pages
from duologue.console.pages.forms import Form, Wrong, chosen
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.console_forms import filled
from duologue.server.console_once import away_with, brought
from duologue.server.console_once import shown as shown_once
from duologue.server.console_page import away, page
from duologue.server.reached import address
from duologue.store import keys
from duologue.store.records import KeyKind

PLACE: Final = "/console/keys"


@get("/keys")
async def listed(
    host: Host, reader: Reader, kind: str = "", agent: str = "", name: str = ""
) -> Response[str]:
    """All keys; `kind` opens the form of that kind, with what is known already."""
    given = Form(values={"agent": [agent], "name": [name]})
    forms = {"public": given} if kind == "public" else {}
    return await _list(host, reader, status=200, opened=kind, **forms)


@post("/keys/public", status_code=303)
async def make_public(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[Any]:
    """Makes a key for pages: one agent, and the origins that it may be opened from."""
    reader.require_owner()
    form = await filled(request, "agent", "origins", "name", "expires")
    try:
        pages_of = form.read("origins", _origins)
        agent = form["agent"]
        return await _made(
            request, host, reader, form, kind="public", agent=agent, origins=pages_of
        )
    except (Wrong, DuologueError) as error:
        return await _list(host, reader, opened="public", public=form.because(error))


@post("/keys/secret", status_code=303)
async def make_secret(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[Any]:
    """Makes a key for servers, with its scopes."""
    reader.require_owner()
    form = await filled(request, "scope", "name", "expires")
    try:
        if not form.all("scope"):
            raise Wrong("scope", f"it could do nothing; choose from {', '.join(doorkeeper.SCOPES)}")
        return await _made(request, host, reader, form, kind="secret", scopes=form.all("scope"))
    except (Wrong, DuologueError) as error:
        return await _list(host, reader, opened="secret", secret=form.because(error))


@get("/keys/{key:str}")
async def one(
    request: Request[Any, Any, Any], host: Host, reader: Reader, key: str
) -> Response[str]:
    """One key; of one that was just made its text, this once."""
    text = brought(request, reader)
    answer = await _one(request, host, reader, key, status=200, text=text)
    return shown_once(answer, f"{PLACE}/{key}") if text else answer


@post("/keys/{key:str}/origins", status_code=303)
async def allow(
    request: Request[Any, Any, Any], host: Host, reader: Reader, key: str
) -> Response[Any]:
    """Lets pages of more origins use a public key."""
    reader.require_owner()
    form = await filled(request, "origins")
    try:
        await host.db.write(doorkeeper.allow, reader.org_id, key, form.read("origins", _origins))
    except Wrong as error:
        return await _one(request, host, reader, key, origins=form.because(error))
    return away(f"/console/keys/{key}")


@post("/keys/{key:str}/rotate", status_code=303)
async def rotate(
    request: Request[Any, Any, Any], host: Host, reader: Reader, key: str
) -> Response[Any]:
    """Makes a key that opens the same, and lets the old one end after the overlap."""
    reader.require_owner()
    form = await filled(request, "overlap")
    try:
        overlap = form.read("overlap", lambda text: chosen(text, pages.OVERLAPS))
        made, text, _ = await host.db.write(
            doorkeeper.rotate, reader.org_id, key, overlap_ms=overlap, now=host.clock()
        )
    except Wrong as error:
        return await _one(request, host, reader, key, rotation=form.because(error))
    return away_with(request, host, reader, text, f"{PLACE}/{made.id}")


@post("/keys/{key:str}/revoke", status_code=303)
async def revoke(host: Host, reader: Reader, key: str) -> Response[bytes]:
    """Makes a key void at once; sessions that it opened are closed."""
    reader.require_owner()
    made = await host.db.write(keys.revoke, reader.org_id, key, host.clock())
    if made is None:
        raise DuologueError("key_not_found", key=key)
    return away(f"/console/keys/{key}")


DOORS = [listed, make_public, make_secret, one, allow, rotate, revoke]


# ---------------------------------------------------------------- within


def _origins(text: str) -> list[str]:
    """The pages of a field, one a line, as they are compared."""
    words = text.replace(",", " ").split()
    if not words:
        raise ValueError("it names no page; write one a line: https://example.com")
    return [str(origins.parse(each)) for each in words]


async def _made(
    request: Request[Any, Any, Any],
    host: Host,
    reader: Reader,
    form: Form,
    *,
    kind: KeyKind,
    agent: str | None = None,
    origins: list[str] | None = None,
    scopes: list[str] | None = None,
) -> Response[bytes]:
    now = host.clock()
    ends = form.read("expires", lambda text: expiry.until(text, now)) if form["expires"] else None
    made, text = await host.db.write(
        doorkeeper.create,
        reader.org_id,
        kind=kind,
        name=form.name(),
        agent=agent,
        origins=origins or (),
        scopes=scopes or (),
        expires_at=ends,
        now=now,
    )
    return away_with(request, host, reader, text, f"{PLACE}/{made.id}")


async def _list(
    host: Host, reader: Reader, *, status: int = 400, opened: str = "", **forms: Form
) -> Response[str]:
    view = await host.db.read(pages.load, reader.org_id, now=host.clock(), **forms)
    return page(engine.draw("keys", reader=reader, place="keys", view=view, opened=opened), status)


async def _one(
    request: Request[Any, Any, Any],
    host: Host,
    reader: Reader,
    key: str,
    *,
    status: int = 400,
    text: str = "",
    **forms: Form,
) -> Response[str]:
    view = await host.db.read(
        pages.load_one, reader.org_id, key, text=text, now=host.clock(), **forms
    )
    url = address(request, host.settings.public_url)
    tag = agent_pages.tag(url, view.row.agent, text) if text and view.row.agent else ""
    return page(engine.draw("key", reader=reader, place="keys", view=view, tag=tag), status)
