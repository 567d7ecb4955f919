"""Users who say that they are on their way: we enter with them, and LiveKit need not send us.

LiveKit waits for a fifth of a second until it has heard all workers, before it sends one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import aiohttp
import structlog
from google.protobuf.json_format import ParseDict
from livekit import api
from livekit.protocol import room

from duologue.errors import DuologueError
from duologue.transports.livekit.desk import OWN, Desk
from duologue.transports.livekit.jobs import Job
from duologue.transports.livekit.names import LiveKit
from duologue.wire.rooms import AGENT_STATE, WORKER, Claim

log = structlog.get_logger(__name__)

PATIENCE: Final = 2.0
"""Seconds for LiveKit's answers: later than that, it sent us itself."""
NOBODY: Final = f"{WORKER}-announced"
"""An agent's name that no worker has: to a room that names none LiveKit sends nameless workers."""


class Announced:
    """Makes the room of an announced user without a dispatch, and enters it."""

    def __init__(self, livekit: LiveKit, desk: Desk, suspect: Callable[[], None]) -> None:
        self._livekit = livekit
        self._desk = desk
        self._suspect = suspect
        self._api: api.LiveKitAPI | None = None

    def open(self) -> None:
        """From now on users may be announced."""
        limit = aiohttp.ClientTimeout(total=PATIENCE)
        self._api = api.LiveKitAPI(*self._livekit, timeout=limit, failover=False)

    async def close(self) -> None:
        """Nobody is announced any more."""
        open_, self._api = self._api, None
        if open_ is not None:
            await open_.aclose()

    async def come(self, claim: Claim, text: str, config: dict[str, Any]) -> bool:
        """Whether we go into the room of this claim; if not, LiveKit sends somebody as ever."""
        if self._api is None:
            return False
        try:
            self._desk.check(claim, claim.room)
        except DuologueError:
            return False
        try:
            if await self._dispatched(self._api, claim.room, config):
                return False
            self._desk.come(self._job(claim, text), claim)
        except (DuologueError, aiohttp.ClientError, api.ServerError, TimeoutError) as error:
            self._suspect()  # the room may be made, and nobody be sent into it
            reason = str(error) or type(error).__name__
            log.warning("announced user left to LiveKit", room=claim.room, reason=reason)
            return False
        return True

    # ------------------------------------------------------------ within

    async def _dispatched(self, livekit: api.LiveKitAPI, name: str, config: dict[str, Any]) -> bool:
        """Makes the room unless it is there; whether somebody was sent into it before.

        Who makes a room decides: the user's token would have an agent sent, this does not.
        """
        wanted = {key: value for key, value in config.items() if key not in ("agents", "name")}
        request = ParseDict(wanted, room.CreateRoomRequest(), ignore_unknown_fields=True)
        request.name = name
        request.agents.add(agent_name=NOBODY)
        await livekit.room.create_room(request)
        sent = await livekit.agent_dispatch.list_dispatch(name)
        return any(each.agent_name == WORKER for each in sent)

    def _job(self, claim: Claim, text: str) -> Job:
        id_ = f"{OWN}{os.urandom(9).hex()}"
        grants = api.VideoGrants(
            room_join=True,
            room=claim.room,
            agent=True,
            can_publish=True,
            can_subscribe=True,
            can_publish_data=True,
            can_update_own_metadata=True,
        )
        token = (
            api.AccessToken(self._livekit.api_key, self._livekit.api_secret)
            .with_identity(f"agent-{id_}")
            .with_kind("agent")
            .with_grants(grants)
            .with_attributes({AGENT_STATE: "initializing"})
        )
        return Job(id_, claim.room, self._livekit.url, token.to_jwt(), text)
