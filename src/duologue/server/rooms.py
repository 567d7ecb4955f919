"""The road of rooms, put together: registered with LiveKit while the house is open."""

from __future__ import annotations

import asyncio
from typing import Any

from duologue.pipeline.host import Host
from duologue.server.join import Join
from duologue.store import agents
from duologue.transports.livekit.names import livekit
from duologue.transports.livekit.registrar import Registrar
from duologue.transports.livekit.road import RoomRoad
from duologue.wire.rooms import Claim


class Rooms:
    """Takes the rooms that LiveKit offers; nothing at all where no LiveKit is named."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.livekit = livekit(host.settings)
        self._registrar: Registrar | None = None

    async def open(self) -> None:
        """Registers; settings that LiveKit refuses are an error, and the host is closed then."""
        if self.livekit is None:
            return
        road = RoomRoad(self._host, Join(self._host), self.livekit)
        registrar = Registrar(self._host, self.livekit, road.serve, self._knows)
        try:
            await registrar.open()
        except BaseException:
            await self._host.close()
            raise
        self._registrar = registrar

    def suspect(self) -> None:
        """Somebody may be without an agent: rooms are looked through for a while."""
        if self._registrar is not None:
            self._registrar.suspect()

    async def come(self, claim: Claim, text: str, config: dict[str, Any]) -> None:
        """Sends an agent into a room at once, if it can be: its user is on the way."""
        if self._registrar is not None:
            await self._registrar.come(claim, text, config)

    async def _knows(self, claim: Claim) -> bool:
        """Whether a claim is about an agent of this memory: LiveKit may serve another one, too."""
        return await self._host.db.read(agents.get, claim.org, claim.agent) is not None

    async def drain(self) -> None:
        """Takes nobody in any more, which the registration tells LiveKit, and lets turns end."""
        await self._host.drain()

    async def close_with_host(self) -> None:
        """Takes no more rooms, ends every conversation, and leaves the rooms, within bounds."""
        leaving = [self._host.close()]
        if self._registrar is not None:  # it waits for the rooms, which the host's end empties
            leaving.append(self._registrar.close())
        await asyncio.gather(*leaving)
