"""The widget door: one session for a page, over whichever road both sides know."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.openapi.datastructures import ResponseSpec

from duologue.server import cors
from duologue.server.layercode import presented_key
from duologue.server.openings import Openings
from duologue.wire import widget as wire
from duologue.wire.opening import TRANSPORTS, Opening

PATH: Final = "/api/widget/session"

_encode = msgspec.json.Encoder().encode


@post(
    PATH,
    status_code=200,
    tags=["Widget"],
    responses={200: ResponseSpec(Opening, description="The session")},
)
async def widget_session(request: Request[Any, Any, Any], openings: Openings) -> Response[bytes]:
    """Answers with an address and what opens it: a room's token, or a socket's session key."""
    asked = wire.read_request(await request.body())
    wish = openings.wish_of(request, presented_key(request), asked, tells_foreign=True)
    known = TRANSPORTS if asked.transports is None else asked.transports
    opening = await openings.open(wish, known, openings.reached_at(request))
    return Response(
        _encode(opening),
        media_type="application/json",
        headers={"cache-control": "no-store", **cors.readable(request)},
    )
