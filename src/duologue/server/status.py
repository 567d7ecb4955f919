"""The page at `/`: what this server is, who answers on it, how to connect."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, get

from duologue.console import status as console
from duologue.pipeline.host import Host
from duologue.server.nearby import Nearby


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def page(request: Request[Any, Any, Any], host: Host, nearby: Nearby) -> Response[str]:
    """The status page; who was connected is shown to people at this machine only, in `dev`."""
    state = request.app.state
    view = await host.db.read(
        console.load,
        state.organization_id,
        url=state.url,
        mode=state.mode,
        live=host.live,
        limit=host.settings.max_sessions,
        now=host.clock(),
    )
    if nearby.who(request) is None:
        view = console.public(view)
    return Response(
        console.page(view),
        media_type=MediaType.HTML,
        headers={
            "content-security-policy": console.CONTENT_SECURITY_POLICY,
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        },
    )


DOORS = [page]
