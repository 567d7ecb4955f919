"""In and out of the console: a link becomes a cookie, once, and only by a press of a button."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, get, post

from duologue.access import console
from duologue.access.limits import Limits
from duologue.console.pages import engine
from duologue.pipeline.host import Host
from duologue.server.console_page import COOKIE, away, page
from duologue.server.pace import network
from duologue.server.reached import address

TRIES: Final = 60
"""How often a minute one address may try links; a link has 256 random bits anyway."""


@get("/enter")
async def entrance(token: str = "") -> Response[str]:
    """The page of a link; whatever only looks at the link, as a preview does, uses nothing up."""
    return page(engine.draw("enter", reader=None, place="", token=token))


@post("/enter", status_code=303)
async def enter(request: Request[Any, Any, Any], host: Host, tries: Limits) -> Response[bytes]:
    """Uses the link up, and lets this browser in."""
    who = network(request.client.host if request.client else "")
    await tries.take(who, host.clock(), who="this address")
    form = await request.form()
    cookie = await host.db.write(console.enter, str(form.get("token", "")), host.clock())
    answer = away("/console")
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=console.LIFE_MS // 1000,
        path="/console",
        secure=address(request, host.settings.public_url).startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return answer


@post("/leave", status_code=303)
async def leave(request: Request[Any, Any, Any], host: Host) -> Response[bytes]:
    """Signs out, here and in the store."""
    await host.db.write(console.leave, request.cookies.get(COOKIE, ""))
    answer = away("/console")
    answer.delete_cookie(COOKIE, path="/console")
    return answer


DOORS = [entrance, enter, leave]
