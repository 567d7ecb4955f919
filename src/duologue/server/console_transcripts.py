"""Transcripts in the console: read, taken along, ended, forgotten."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import Parameter

from duologue.access.console import Reader
from duologue.console.pages import engine
from duologue.console.pages import transcripts as pages
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import forget
from duologue.server.console_page import HEADERS, away, page
from duologue.store import conversations


@get("/transcripts")
async def listed(request: Request[Any, Any, Any], host: Host, reader: Reader) -> Response[str]:
    """Every conversation that is kept, the newest first."""
    asked = pages.Asked.of(request.query_params.multi_items())
    view = await host.db.read(pages.load, reader.org_id, asked, now=host.clock())
    return page(engine.draw("transcripts", reader=reader, place="agents", view=view))


@get("/transcripts/{conversation:str}")
async def one(
    host: Host,
    reader: Reader,
    conversation: str,
    after: Annotated[int, Parameter(ge=0, le=2**53)] = 0,
) -> Response[str]:
    """A conversation, word by word, or a piece of a long one."""
    view = await host.db.read(
        pages.load_one, reader.org_id, conversation, after=after, now=host.clock()
    )
    return page(engine.draw("transcript", reader=reader, place="agents", view=view))


@get("/transcripts/{conversation:str}/json")
async def as_json(host: Host, reader: Reader, conversation: str) -> Response[bytes]:
    """All of a conversation as a file: facts, sessions, messages, feedback."""
    whole = await host.db.read(pages.whole, reader.org_id, conversation)
    body = msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"
    kept = {"content-disposition": f'attachment; filename="{whole["id"]}.json"'}
    return Response(body, media_type="application/json", headers={**HEADERS, **kept})


@post("/transcripts/{conversation:str}/end", status_code=303)
async def end(host: Host, reader: Reader, conversation: str) -> Response[bytes]:
    """Hangs up, for good: nobody can go on with it."""
    reader.require_owner()
    if await host.db.read(conversations.get, reader.org_id, conversation) is None:
        raise DuologueError("conversation_not_found", conversation=conversation)
    await host.finish(reader.org_id, conversation, "ended_by_owner")
    return away(f"/console/transcripts/{conversation}")


@post("/transcripts/{conversation:str}/delete", status_code=303)
async def delete(host: Host, reader: Reader, conversation: str) -> Response[bytes]:
    """Ends a conversation if it is live, and forgets every word of it, with its traces."""
    reader.require_owner()
    await forget.conversation(host, reader.org_id, conversation)
    return away("/console/transcripts")


DOORS = [listed, one, as_json, end, delete]
