"""Links to one conversation: made and taken back by owners, followed by whoever holds them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import Request, Response, get, post
from litestar.params import Parameter
from sqlalchemy import Connection

from duologue.access import links
from duologue.access.console import Reader
from duologue.console.pages import engine, step, trace
from duologue.pipeline.host import Host
from duologue.server import recordings
from duologue.server.console_once import away_with, brought
from duologue.server.console_page import away, page
from duologue.server.reached import address
from duologue.store.links import Opened

_SHARED: Final = "/console/shared"
_UNLISTED: Final = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"}


@post("/traces/{run:str}/links", status_code=303)
async def share(
    request: Request[Any, Any, Any], host: Host, reader: Reader, run: str
) -> Response[bytes]:
    """Makes a link to a conversation; its page shows it, this once."""
    reader.require_owner()
    await host.db.read(step.trace_of, reader.org_id, run)
    form = await request.form()
    life = str(form.get("life", ""))
    token = await host.db.write(links.share, reader.org_id, run, life, host.clock())
    return away_with(request, host, reader, token, step.address(run))


@post("/traces/{run:str}/links/{link:str}/revoke", status_code=303)
async def take_back(host: Host, reader: Reader, run: str, link: str) -> Response[bytes]:
    """Ends a link at once."""
    reader.require_owner()
    await host.db.read(step.trace_of, reader.org_id, run)
    await host.db.write(links.take_back, reader.org_id, run, link)
    return away(step.address(run))


def made(request: Request[Any, Any, Any], host: Host, reader: Reader) -> str:
    """The link that was made just before this page, as one sends it on; else nothing."""
    token = brought(request, reader)
    own = address(request, host.settings.public_url).rstrip("/")
    return f"{own}{_SHARED}/{token}" if token else ""


@get("/shared/{token:str}")
async def shared(
    host: Host, token: str, after: Annotated[int, Parameter(ge=0, le=2**53)] = 0
) -> Response[str]:
    """A conversation, read-only, for whoever holds a link to it."""
    now = host.clock()
    view = await host.db.read(_conversation, token, after, now)
    return _unlisted(engine.draw("shared", reader=None, place="", view=view))


@get("/shared/{token:str}/spans/{span:str}")
async def shared_step(host: Host, token: str, span: str) -> Response[str]:
    """A step of it."""
    view = await host.db.read(_step, token, span, host.clock())
    return _unlisted(engine.draw("span", reader=None, place="", view=view))


@get("/shared/{token:str}/recordings/{rec:str}")
async def shared_sound(
    request: Request[Any, Any, Any], host: Host, token: str, rec: str
) -> Response[Any]:
    """Its sound."""
    found = await host.db.read(links.opened, token, host.clock())
    return await recordings.sound(request, host, found.org_id, found.trace, rec)


DOORS: Final[list[Any]] = [share, take_back, shared, shared_step, shared_sound]


# ---------------------------------------------------------------- within


def _unlisted(html: str) -> Response[str]:
    answer = page(html)
    answer.headers.update(_UNLISTED)
    return answer


def _conversation(conn: Connection, token: str, after: int, now: int) -> trace.TraceView:
    found = links.opened(conn, token, now)
    return trace.load(
        *(conn, found.org_id, found.trace),
        after=after,
        now=now,
        base=f"{_SHARED}/{token}",
        shown_until=found.expires_at,
    )


def _step(conn: Connection, token: str, span: str, now: int) -> step.SpanView:
    found: Opened = links.opened(conn, token, now)
    return step.load(
        *(conn, found.org_id, found.trace, span),
        base=f"{_SHARED}/{token}",
        shown_until=found.expires_at,
    )
