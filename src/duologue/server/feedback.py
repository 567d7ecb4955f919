"""The door at which a visitor says how the conversation was."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, post
from litestar.openapi.datastructures import ResponseSpec
from sqlalchemy import Connection

from duologue.access import attendance
from duologue.pipeline.host import Host
from duologue.server import cors
from duologue.server.admit import Doorman
from duologue.store import feedback as store
from duologue.wire import widget as wire
from duologue.wire.rest import Done

PATH: Final = "/api/widget/feedback"


@post(
    PATH,
    status_code=200,
    tags=["Widget"],
    responses={200: ResponseSpec(Done, description="It is kept")},
)
async def widget_feedback(
    request: Request[Any, Any, Any], host: Host, doorman: Doorman
) -> Response[Done]:
    """Keeps what a visitor thought of a session; the latest word counts, and needs its token."""
    asked = wire.read_feedback(await request.body())
    now = host.clock()
    await doorman.pace.take(None, request.client.host if request.client else "", now)
    await host.db.write(_keep, asked, request.headers.get("origin"), now)
    return Response(Done(), headers={"cache-control": "no-store", **cors.readable(request)})


def _keep(conn: Connection, asked: wire.WidgetFeedback, origin: str | None, now: int) -> None:
    session = attendance.session_of(
        conn, asked.token, session_id=asked.session_id, origin=origin, now=now
    )
    store.put(conn, session, rating=asked.rating, text=asked.text.strip(), now=now)
