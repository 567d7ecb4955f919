"""Finds users to whom no agent came, and asks LiveKit again: it offers each job only once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import msgspec
import structlog
from livekit import api
from livekit.protocol import agent_dispatch, models, room

from duologue.access import claims
from duologue.errors import DuologueError
from duologue.transports.livekit.names import LiveKit
from duologue.wire.rooms import AGENT, CLAIM, WORKER, Claim

log = structlog.get_logger(__name__)

SUSPICION: Final = 60.0
"""Seconds of searching after something may have been lost; a killed agent is seen gone after 30."""
LOOK: Final = 4.0
"""Seconds between two looks, and so the time in which an agent must have come."""
PATIENCE: Final = 30.0
"""Seconds for one look: LiveKit's own client would wait for ever."""
TRIES: Final = 3
"""How often an agent is asked for before the user is told that none comes."""
FRESH: Final = 60
"""Seconds in which a claim that we sign again opens the room."""


@dataclass(slots=True)
class _Room:
    """A room without an agent, as the last look found it."""

    seen: frozenset[str] | None = None
    """Its dispatches and their jobs: as long as these change, an agent may be under way."""
    tries: int = 0
    told: set[str] = field(default_factory=set)


class Lost:
    """Looks through the rooms every few seconds, while something may be lost."""

    def __init__(
        self,
        livekit: LiveKit,
        served: Callable[[], set[str]],
        knows: Callable[[Claim], Awaitable[bool]],
    ) -> None:
        self._livekit = livekit
        self._served = served
        self._knows = knows
        self._rooms: dict[str, _Room] = {}
        self._until = 0.0
        self._wake = asyncio.Event()
        self._api: api.LiveKitAPI | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begins to search as soon as something is suspected."""
        livekit = self._livekit
        self._api = api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret, failover=False)
        self._task = asyncio.create_task(self._search(self._api))

    def suspect(self) -> None:
        """Something may be lost from now on."""
        self._until = time.monotonic() + SUSPICION
        self._wake.set()

    async def close(self) -> None:
        """Searches no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._api is not None:
            await self._api.aclose()

    async def _search(self, livekit: api.LiveKitAPI) -> None:
        answered = True
        while True:
            await self._wake.wait()
            self._wake.clear()
            while time.monotonic() < self._until:
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._look(livekit)
                    answered = True
                except (aiohttp.ClientError, api.ServerError, TimeoutError) as error:
                    if answered:
                        log.warning("rooms not searched", reason=str(error) or type(error).__name__)
                    answered = False
                # Workers must not look at the same moment: both would send for an agent.
                await asyncio.sleep(LOOK * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
            self._rooms.clear()

    async def _look(self, livekit: api.LiveKitAPI) -> None:
        found = await livekit.room.list_rooms(room.ListRoomsRequest())
        waiting: dict[str, _Room] = {}
        for each in found.rooms:
            if each.name in self._served() or not each.num_participants:
                continue
            asked = room.ListParticipantsRequest(room=each.name)
            people = (await livekit.room.list_participants(asked)).participants
            claim = None if any(map(_is_ours, people)) else self._claimed(each.name, people)
            if claim is not None and await self._knows(claim):
                waiting[each.sid] = known = self._rooms.get(each.sid, _Room())
                await self._help(livekit, claim, known)
        self._rooms = waiting
        if any(not known.told for known in waiting.values()):
            self.suspect()

    def _claimed(self, name: str, people: Iterable[models.ParticipantInfo]) -> Claim | None:
        """The claim of a user in that room, of whatever age: it is LiveKit who let the user in."""
        for each in people:
            text = each.attributes.get(CLAIM)
            if not text:
                continue
            try:
                claim = claims.read(text, self._livekit.api_secret, 0)
            except DuologueError:
                continue
            if (claim.room, claim.identity) == (name, each.identity):
                return claim
        return None

    async def _help(self, livekit: api.LiveKitAPI, claim: Claim, known: _Room) -> None:
        """Sends for an agent, unless one may be under way or too many did not come."""
        dispatches = [
            each
            for each in await livekit.agent_dispatch.list_dispatch(claim.room)
            if each.agent_name == WORKER
        ]
        seen = frozenset(each.id for each in dispatches) | frozenset(
            job.id for each in dispatches for job in each.state.jobs
        )
        if seen != known.seen:
            known.seen = seen
            return
        if known.tries >= TRIES:
            await self._tell(livekit, claim, known)
            return
        for each in dispatches:
            await livekit.agent_dispatch.delete_dispatch(each.id, claim.room)
        metadata = await self._renewed(livekit, claim)
        made = await livekit.agent_dispatch.create_dispatch(
            agent_dispatch.CreateAgentDispatchRequest(
                agent_name=WORKER,
                room=claim.room,
                metadata=metadata,
            )
        )
        known.tries += 1
        known.seen = frozenset({made.id})
        log.info("agent sent for again", room=claim.room, attempt=known.tries)

    async def _renewed(self, livekit: api.LiveKitAPI, claim: Claim) -> str:
        """The claim's text; of one that is old, a new one, which the user then bears as well."""
        needed = int(time.time()) + FRESH
        fresh = msgspec.structs.replace(claim, exp=max(claim.exp, needed))
        text = claims.mint(fresh, self._livekit.api_secret)
        if fresh.exp != claim.exp:
            await livekit.room.update_participant(
                room.UpdateParticipantRequest(
                    room=claim.room, identity=claim.identity, attributes={CLAIM: text}
                )
            )
        return text

    async def _tell(self, livekit: api.LiveKitAPI, claim: Claim, known: _Room) -> None:
        """Tells the user, once, that no agent comes."""
        if claim.identity in known.told:
            return
        known.told.add(claim.identity)
        error = DuologueError("agent_not_joined", room=claim.room)
        log.warning("no agent came", room=claim.room, attempts=known.tries)
        notice = {"type": "duologue.notice", "code": error.code, "message": error.message}
        await livekit.room.send_data(
            room.SendDataRequest(
                room=claim.room,
                data=msgspec.json.encode(notice),
                kind=models.DataPacket.RELIABLE,
                destination_identities=[claim.identity],
            )
        )


def _is_ours(who: models.ParticipantInfo) -> bool:
    """Whether this is an agent of duologue's, of whatever process and memory."""
    return who.kind == models.ParticipantInfo.AGENT and who.attributes.get(AGENT) == "1"
