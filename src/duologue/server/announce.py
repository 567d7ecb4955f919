"""The door at which a client says that it is on its way into its room."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, post

from duologue.access import claims
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server import cors
from duologue.server.layercode import presented_key
from duologue.server.rooms import Rooms

PATH: Final = "/api/token/announce"


@post(PATH, tags=["LiveKit"], status_code=204)
async def announce(request: Request[Any, Any, Any], host: Host, rooms: Rooms) -> Response[None]:
    """Sends the agent into the room of the token that is shown, together with its user.

    It is for speed alone: an agent comes without it, too, a fifth of a second later.
    """
    if rooms.livekit is None:
        raise DuologueError("livekit_missing")
    now, secret = host.clock() // 1000, host.settings.livekit_api_secret
    await rooms.come(*claims.borne(presented_key(request) or "", secret, now))
    return Response(None, status_code=204, headers=cors.readable(request))
