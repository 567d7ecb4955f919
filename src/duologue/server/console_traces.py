"""Conversations in the console: listed, searched, read, ended, deleted."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import Parameter

from duologue.access.console import Reader
from duologue.console.pages import engine, listing, step, trace
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import console_links
from duologue.server.console_once import shown as shown_once
from duologue.server.console_page import away, page
from duologue.server.prefactor import Prefactor
from duologue.store import trace_deletion


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
    request: Request[Any, Any, Any],
    host: Host,
    reader: Reader,
    run: str,
    after: Annotated[int, Parameter(ge=0, le=2**53)] = 0,
) -> Response[str]:
    """A conversation, or a piece of a long one."""
    now = host.clock()
    view = await host.db.read(trace.load, reader.org_id, run, after=after, now=now)
    link = console_links.made(request, host, reader) if reader.role == "owner" else ""
    view = msgspec.structs.replace(view, made=link)
    answer = page(engine.draw("trace", reader=reader, place="", view=view))
    if link:
        shown_once(answer, step.address(run))
    return answer


@get("/traces/{run:str}/spans/{span:str}")
async def conversation_step(host: Host, reader: Reader, run: str, span: str) -> Response[str]:
    """A step with all that was told of it."""
    view = await host.db.read(step.load, reader.org_id, run, span)
    return page(engine.draw("span", reader=reader, place="", view=view))


@post("/traces/{run:str}/terminate", status_code=303)
async def terminate(
    host: Host, reader: Reader, prefactor_door: Prefactor, run: str
) -> Response[bytes]:
    """Ends a conversation of a program that asks by Prefactor's API whether it is to end."""
    reader.require_owner()
    found = await host.db.read(step.trace_of, reader.org_id, run)
    if found.source != trace.ENDED_FROM_HERE:
        reason = f"{run} was told by {found.source!r}: only its own program can end it"
        raise DuologueError("bad_request", reason=reason)
    if found.status != "active":
        raise DuologueError("trace_over", trace=run)
    await prefactor_door.terminate(reader.org_id, run)
    return away(step.address(run))


@post("/traces/{run:str}/delete", status_code=303)
async def delete(host: Host, reader: Reader, run: str) -> Response[bytes]:
    """Forgets a conversation that is over."""
    reader.require_owner()
    found = await host.db.read(step.trace_of, reader.org_id, run)
    if found.status == "active":
        raise DuologueError("trace_live", trace=run)
    host.tracing.forget(run)  # its last entries may still be on their way
    await host.db.write(trace_deletion.delete_one, reader.org_id, run)
    return away("/console")


DOORS = [conversations, conversation, conversation_step, terminate, delete]
