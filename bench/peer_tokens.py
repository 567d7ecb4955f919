"""The peer of bench.tokens: a token endpoint as LiveKit's own documents write it."""

from __future__ import annotations

import datetime
import hashlib
import sys

import uvicorn
from livekit import api
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

URL, API_KEY, API_SECRET = "ws://127.0.0.1:9", "devkey", "a secret of thirty-two letters.."
KEY = "dk_secret_peer"
_HASHED = hashlib.sha256(KEY.encode()).hexdigest()


async def token(request: Request) -> Response:
    """Checks the key and signs a token for the asked room with livekit-api."""
    presented = request.headers.get("authorization", "").removeprefix("Bearer ")
    if hashlib.sha256(presented.encode()).hexdigest() != _HASHED:
        return JSONResponse({"error": "no"}, 401)
    asked = await request.json()
    room, identity = asked["room_name"], asked["participant_identity"]
    agent = asked["room_config"]["agents"][0]
    dispatch = RoomAgentDispatch(agent_name=agent["agent_name"], metadata=agent["metadata"])
    made = (
        api.AccessToken(API_KEY, API_SECRET)
        .with_identity(identity)
        .with_name(asked["participant_name"])
        .with_ttl(datetime.timedelta(minutes=15))
        .with_grants(api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True))
        .with_room_config(RoomConfiguration(agents=[dispatch]))
        .to_jwt()
    )
    return JSONResponse({"server_url": URL, "participant_token": made}, 201)


app = Starlette(routes=[Route("/api/token", token, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="error",
        access_log=False,
    )
