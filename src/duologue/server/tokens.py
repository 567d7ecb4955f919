"""The token door: LiveKit's standard endpoint, as its unmodified clients ask for it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.openapi.datastructures import ResponseSpec

from duologue.server import cors
from duologue.server.layercode import presented_key
from duologue.server.openings import Openings
from duologue.wire import tokens as wire

PATH: Final = "/api/token"
DEVELOPMENT_PATH: Final = "/api/v2/sandbox/connection-details"
"""Where LiveKit's `developmentTokenServer` asks, below its `baseUrl`."""
SERVER_ID: Final = "x-sandbox-id"
"""The header in which it names the token server: here a key, or anything at this machine."""
STOCK: Final = ("livekit",)
"""The roads of a client that names none."""

_encode = msgspec.json.Encoder().encode
_ANSWER = {201: ResponseSpec(wire.TokenAnswer, description="A token for one room")}


@post(PATH, tags=["LiveKit"], responses=_ANSWER)
async def token(request: Request[Any, Any, Any], openings: Openings) -> Response[bytes]:
    """Answers with a token for one room, in which the asked agent comes; writes nothing."""
    return await _answer(request, openings, presented_key(request))


@post(DEVELOPMENT_PATH, tags=["LiveKit"], responses=_ANSWER)
async def development_token(request: Request[Any, Any, Any], openings: Openings) -> Response[bytes]:
    """The same for TokenSource.developmentTokenServer, which sends an id and no key; in `dev`."""
    named = request.headers.get(SERVER_ID, "")
    key = named if named.startswith("dk_") else presented_key(request)
    return await _answer(request, openings, key)


async def _answer(
    request: Request[Any, Any, Any], openings: Openings, key: str | None
) -> Response[bytes]:
    asked = wire.read_request(await request.body())
    wish = openings.wish_of(request, key, asked)
    known = STOCK if asked.transports is None else asked.transports
    opening = await openings.open(wish, known, openings.reached_at(request))
    answer = wire.TokenAnswer(
        server_url=opening.url,
        participant_token=opening.token,
        room_name=opening.room_name or "",
        participant_identity=wish.identity,
        participant_name=wish.name,
        duologue=opening,
    )
    return Response(
        _encode(answer),
        status_code=201,
        media_type="application/json",
        headers={"cache-control": "no-store", **cors.readable(request)},
    )
