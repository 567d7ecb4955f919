"""Conversations in the console: listed, searched, read, taken along, deleted."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import Parameter
from sqlalchemy import Connection

from duologue.access.console import Reader
from duologue.console.pages import engine, listing, trace
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.console_page import HEADERS, away, page
from duologue.store import trace_deletion, trace_export, trace_lists
from duologue.wire import traces as wire


@get("/")
async def conversations(
    request: Request[Any, Any, Any], host: Host, reader: Reader
) -> Response[str]:
    """The runs of the organization, newest first, through the filters of the form."""
    asked = listing.Asked.of(request.query_params.multi_items())
    view = await host.db.read(listing.load, reader.org_id, asked, now=host.clock())
    return page(engine.draw("conversations", reader=reader, place="list", view=view))


@get("/traces/{run:str}")
async def conversation(
    host: Host, reader: Reader, run: str, after: Annotated[int, Parameter(ge=0)] = 0
) -> Response[str]:
    """A conversation, or a piece of a long one."""
    now = host.clock()
    view = await host.db.read(trace.load, reader.org_id, run, after=after, now=now)
    return page(engine.draw("trace", reader=reader, place="", view=view))


@get("/traces/{run:str}/spans/{span:str}")
async def step(host: Host, reader: Reader, run: str, span: str) -> Response[str]:
    """A step with all that was told of it."""
    view = await host.db.read(trace.load_span, reader.org_id, run, span)
    return page(engine.draw("span", reader=reader, place="", view=view))


@get("/traces/{run:str}/json")
async def as_json(host: Host, reader: Reader, run: str) -> Response[wire.WholeTrace]:
    """All of a conversation, as the owners' API has it."""
    whole = await host.db.read(_whole, reader.org_id, run)
    return Response(whole, headers=_file(run, "json"))


@get("/traces/{run:str}/csv")
async def as_csv(host: Host, reader: Reader, run: str) -> Response[str]:
    """A conversation with a line a turn."""
    whole = await host.db.read(_whole, reader.org_id, run)
    return Response(wire.as_csv([whole]), media_type="text/csv", headers=_file(run, "csv"))


@post("/traces/{run:str}/delete", status_code=303)
async def delete(host: Host, reader: Reader, run: str) -> Response[bytes]:
    """Forgets a conversation that is over."""
    reader.require_owner()
    found = await host.db.read(trace_lists.get, reader.org_id, run)
    if found is None:
        raise DuologueError("trace_not_found", trace=run)
    if found.status == "active":
        raise DuologueError("trace_live", trace=run)
    host.tracing.ending(run, "deleted")  # its last entries may still be on their way
    await host.db.write(trace_deletion.delete_one, reader.org_id, run)
    return away("/console")


DOORS = [conversations, conversation, step, as_json, as_csv, delete]


def _whole(conn: Connection, org_id: str, run: str) -> wire.WholeTrace:
    found = trace_export.whole(conn, org_id, run)
    if found is None:
        raise DuologueError("trace_not_found", trace=run)
    return found


def _file(run: str, ending: str) -> dict[str, str]:
    """What makes a browser keep it as a file; the name is that of a trace that was found."""
    return {**HEADERS, "content-disposition": f'attachment; filename="{run}.{ending}"'}
