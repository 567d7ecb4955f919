"""The pages for people: `/` to talk, `/status` to see what this server is and who answers."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, get

from duologue.console import status as status_page
from duologue.console import talk as talk_page
from duologue.pipeline.host import Host
from duologue.server.nearby import Nearby


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def talk(request: Request[Any, Any, Any], host: Host, nearby: Nearby) -> Response[str]:
    """The talk page, with the agents that its reader may talk to."""
    state = request.app.state
    view = await host.db.read(
        talk_page.load,
        state.organization_id,
        url=state.url,
        mode=state.mode,
        loaded=[each.definition.slug for each in host.catalog.all()],
        near=nearby.who(request) is not None,
        talk_key=host.settings.talk_key,
        now=host.clock(),
    )
    return _answer(
        talk_page.page(view),
        talk_page.policy(host.settings.livekit_url),
        {"permissions-policy": "microphone=(self), camera=(), geolocation=()"},
    )


@get("/status", media_type=MediaType.HTML, include_in_schema=False)
async def status(request: Request[Any, Any, Any], host: Host, nearby: Nearby) -> Response[str]:
    """The status page; who was connected is shown to people at this machine only, in `dev`."""
    state = request.app.state
    view = await host.db.read(
        status_page.load,
        state.organization_id,
        url=state.url,
        mode=state.mode,
        live=host.live,
        limit=host.settings.max_sessions,
        now=host.clock(),
    )
    if nearby.who(request) is None:
        view = status_page.public(view)
    return _answer(status_page.page(view), status_page.CONTENT_SECURITY_POLICY, {})


def _answer(page: str, policy: str, more: dict[str, str]) -> Response[str]:
    headers = {
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(page, media_type=MediaType.HTML, headers=headers | more)


DOORS = [talk, status]
