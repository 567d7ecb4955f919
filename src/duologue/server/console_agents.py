"""Agents in the console: who answers, how they do, and who may be called."""

from __future__ import annotations

import os
from typing import Any

from litestar import Request, Response, get, post

from duologue.access.console import Reader
from duologue.console.pages import agents as pages
from duologue.console.pages import engine
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.console_page import away, page
from duologue.server.reached import address
from duologue.store import agents
from duologue.store.records import Agent


@get("/agents")
async def listed(host: Host, reader: Reader) -> Response[str]:
    """Every agent of the organization."""
    view = await host.db.read(
        pages.load, reader.org_id, _loaded(host), os.environ, now=host.clock()
    )
    drawn = engine.draw("agents", reader=reader, place="agents", view=view)
    return page(drawn, pictures=view.pictures)


@get("/agents/{agent:str}")
async def one(
    request: Request[Any, Any, Any], host: Host, reader: Reader, agent: str
) -> Response[str]:
    """One agent, by its slug or id."""
    view = await host.db.read(
        pages.load_one,
        reader.org_id,
        agent,
        _loaded(host),
        os.environ,
        url=address(request, host.settings.public_url),
        now=host.clock(),
    )
    drawn = engine.draw("agent", reader=reader, place="agents", view=view)
    return page(drawn, pictures=view.pictures)


@post("/agents/{agent:str}/publish", status_code=303)
async def publish(host: Host, reader: Reader, agent: str) -> Response[bytes]:
    """Opens an agent to sessions."""
    reader.require_owner()
    return _back(await host.db.write(agents.publish, reader.org_id, agent, host.clock()), agent)


@post("/agents/{agent:str}/unpublish", status_code=303)
async def unpublish(host: Host, reader: Reader, agent: str) -> Response[bytes]:
    """Makes an agent a draft again; live sessions go on."""
    reader.require_owner()
    return _back(await host.db.write(agents.unpublish, reader.org_id, agent, host.clock()), agent)


DOORS = [listed, one, publish, unpublish]


def _loaded(host: Host) -> pages.Loaded:
    return {each.definition.slug: each for each in host.catalog.all()}


def _back(found: Agent | None, wanted: str) -> Response[bytes]:
    if found is None:
        raise DuologueError("agent_not_found", agent=wanted, known="see /console/agents")
    return away(f"/console/agents/{found.slug}")
