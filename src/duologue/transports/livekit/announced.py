"""Users who say that they are on their way: we enter with them, and LiveKit need not send us.

LiveKit waits for a fifth of a second until it has heard all workers, before it sends one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from google.protobuf.json_format import ParseDict
from livekit import api
from livekit.protocol import room

from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.transports.livekit.desk import OWN, Desk
from duologue.transports.livekit.jobs import Job
from duologue.transports.livekit.names import LiveKit
from duologue.wire.rooms import AGENT, AGENT_STATE, WORKER, Claim

log = structlog.get_logger(__name__)

PATIENCE: Final = 2.0
"""Seconds for LiveKit's answers: later than that, it sent us itself."""
REMEMBERED: Final = 10_000
"""Announcements that are known again, at least."""
NOBODY: Final = f"{WORKER}-announced"
"""An agent's name that no worker has: to a room that names none LiveKit sends nameless workers."""


class Announced:
    """Makes the room of an announced user without a dispatch, and enters it."""

    def __init__(
        self,
        host: Host,
        livekit: LiveKit,
        desk: Desk,
        knows: Callable[[Claim], Awaitable[bool]],
        suspect: Callable[[], None],
    ) -> None:
        self._host = host
        self._livekit = livekit
        self._desk = desk
        self._knows = knows
        self._suspect = suspect
        self._heard: dict[str, None] = {}
        """Sessions that were announced, the latest last: nobody keeps an agent waiting by words."""
        self._api: api.LiveKitAPI | None = None

    def open(self) -> None:
        """From now on users may be announced."""
        self._api = api.LiveKitAPI(*self._livekit, failover=False)

    async def close(self) -> None:
        """Nobody is announced any more."""
        open_, self._api = self._api, None
        if open_ is not None:
            await open_.aclose()

    async def come(self, claim: Claim, text: str, config: dict[str, Any]) -> None:
        """Goes into the room of this claim, if we can; if not, LiveKit sends somebody as ever."""
        if self._api is None or not self._first(claim):
            return
        made = False
        try:
            self._desk.check(claim, claim.room)
            # Who talks elsewhere is only replaced by somebody who is there.
            if self._host.attached(claim.conversation) or not await self._knows(claim):
                return
            if await self._host.others.holder(claim.conversation) is not None:
                return
            made = True
            if not await self._dispatched(self._api, claim.room, config):
                self._desk.come(self._job(claim, text), claim)
        except Exception as error:
            refused = isinstance(error, DuologueError)
            if made and not (refused and claim.room in self._desk.rooms):
                self._suspect()  # the room may be there, and nobody be sent into it
            if not refused:
                reason = str(error) or type(error).__name__
                log.warning("announced user left to LiveKit", room=claim.room, reason=reason)

    # ------------------------------------------------------------ within

    def _first(self, claim: Claim) -> bool:
        """Whether this session is announced for the first time, as far as we remember."""
        if claim.session in self._heard:
            return False
        self._heard[claim.session] = None
        if len(self._heard) > REMEMBERED:
            del self._heard[next(iter(self._heard))]
        return True

    async def _dispatched(self, livekit: api.LiveKitAPI, name: str, config: dict[str, Any]) -> bool:
        """Makes the room unless it is there; whether somebody was sent into it before.

        Who makes a room decides: the user's token would have an agent sent, this does not.
        """
        wanted = {key: value for key, value in config.items() if key not in ("agents", "name")}
        request = ParseDict(wanted, room.CreateRoomRequest(), ignore_unknown_fields=True)
        request.name = name
        request.agents.add(agent_name=NOBODY)
        async with asyncio.timeout(PATIENCE):
            await livekit.room.create_room(request)
        async with asyncio.timeout(PATIENCE):
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
            .with_attributes({AGENT: "1", AGENT_STATE: "initializing"})
        )
        return Job(id_, claim.room, self._livekit.url, token.to_jwt(), text)
