"""What an agent asks of the LiveKit server itself: to show somebody out, or to close the room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
import structlog
from livekit import api
from livekit.api.room_service import RoomService

from duologue.transports.livekit.names import LiveKit

log = structlog.get_logger(__name__)

PATIENCE: Final = 5.0
"""Seconds for an answer; the timeout of LiveKit's own client (livekit-api 1.x) is not heeded."""
_Request = Callable[[RoomService], Awaitable[object]]


class Office:
    """The server's own service, for one room; a request that fails is logged, never raised."""

    def __init__(self, livekit: LiveKit, room: str) -> None:
        self._livekit = livekit
        self._room = room

    async def remove(self, identity: str) -> None:
        """Shows one participant out."""
        request = api.RoomParticipantIdentity(room=self._room, identity=identity)
        await self._ask(lambda service: service.remove_participant(request))

    async def close_room(self) -> None:
        """Ends the room for everybody in it: who comes again gets a new one, and a new agent."""
        request = api.DeleteRoomRequest(room=self._room)
        await self._ask(lambda service: service.delete_room(request))

    async def _ask(self, request: _Request) -> None:
        try:
            async with (
                asyncio.timeout(PATIENCE),
                api.LiveKitAPI(*self._livekit, failover=False) as service,
            ):
                await request(service.room)
        except (api.ServerError, aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            log.info("room service refused", room=self._room, error=reason)
