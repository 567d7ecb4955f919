"""The registration with LiveKit: over a real server, with rooms that only note who came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from structlog.testing import capture_logs
from tests.rooms import livekit as servers
from tests.rooms.livekit import LiveKit

from duologue.access import claims
from duologue.agents.registry import Catalog
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.serve import now_ms
from duologue.settings import Settings
from duologue.store.database import Database
from duologue.transports.livekit import lost
from duologue.transports.livekit.jobs import Job
from duologue.transports.livekit.names import livekit as named
from duologue.transports.livekit.registrar import Registrar
from duologue.wire.rooms import AGENT_NAME_OLD, WORKER, Claim

pytestmark = pytest.mark.rooms
PATIENCE = 60.0
Knows = Callable[[Claim], Awaitable[bool]]


class Rooms:
    """Enters each room as an agent does, and stays until it is let go."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.failure: Exception | None = None
        self.leave = asyncio.Event()

    async def __call__(self, job: Job) -> None:
        """Serves a job."""
        self.jobs.append(job)
        if self.failure is not None:
            raise self.failure
        room = rtc.Room()
        await room.connect(job.url, job.token)
        try:
            await self.leave.wait()
        finally:
            await room.disconnect()


async def known(claim: Claim) -> bool:
    """Every agent but one is in this memory."""
    return claim.agent != "agt_elsewhere"


async def eventually(true: Callable[[], bool]) -> None:
    """Waits until it is true."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)


def settings_of(livekit: LiveKit, folder: Path, **more: Any) -> Settings:
    """The settings of a house that uses this LiveKit."""
    return Settings(data=str(folder), **livekit.settings, **more)


def claim(
    livekit: LiveKit, room: str, identity: str = "ann", agent: str = "agt_1", **more: int
) -> str:
    """What the token door would sign for this user of this room."""
    made = Claim(
        org="org_1",
        agent=agent,
        room=room,
        identity=identity,
        session="sess_1",
        conversation=f"conv_{room}",
        exp=more.get("exp", int(time.time()) + 600),
    )
    return claims.mint(made, livekit.api_secret)


@asynccontextmanager
async def registered(
    livekit: LiveKit, folder: Path, rooms: Rooms, knows: Knows = known, **more: Any
) -> AsyncIterator[Host]:
    """A host without agents whose registrar is open."""
    settings = settings_of(livekit, folder, **more)
    address = named(settings)
    assert address is not None
    db = await Database.open(settings.database)
    host = Host(db, settings, Catalog(), clock=now_ms)
    registrar = Registrar(host, address, rooms, knows)
    try:
        await registrar.open()
        yield host
    finally:
        rooms.leave.set()
        await registrar.close()
        await host.close()
        await db.close()


@asynccontextmanager
async def user(
    livekit: LiveKit, name: str, text: str, *, asks: bool = True
) -> AsyncIterator[rtc.Room]:
    """A user in a room, with or without a dispatch in its token."""
    agents = [(WORKER, text)] if asks else []
    room = rtc.Room()
    token = livekit.token(name, "ann", *agents, duologue__claim=text)
    await room.connect(livekit.url, token)
    try:
        yield room
    finally:
        await room.disconnect()


async def test_a_join_becomes_a_job_in_our_loop(livekit: LiveKit, tmp_path: Path) -> None:
    """The room is served with the claim of its user, by a participant who is an agent of ours."""
    rooms = Rooms()
    text = claim(livekit, "plain")
    async with registered(livekit, tmp_path, rooms), user(livekit, "plain", text):
        await eventually(lambda: len(rooms.jobs) == 1)
        job = rooms.jobs[0]
        assert (job.room, job.metadata, job.url) == ("plain", text, livekit.url)
        assert job.room_sid.startswith("RM_")
        people = await livekit.crowd("plain", 2)
        agent = next(each for each in people if each.identity != "ann")
        assert agent.kind == agent.AGENT
        assert agent.attributes[AGENT_NAME_OLD] == WORKER
        assert agent.identity == f"agent-{job.id}"
    assert text not in repr(job)


async def test_a_claim_that_we_did_not_sign_is_declined_for_good(
    livekit: LiveKit, tmp_path: Path
) -> None:
    """Neither a stranger's words nor a claim for another room bring an agent, nor a search."""
    rooms = Rooms()
    other = claim(livekit, "elsewhere")
    async with registered(livekit, tmp_path, rooms):
        async with user(livekit, "forged", "{}"), user(livekit, "stolen", other):
            text = claim(livekit, "honest")
            async with user(livekit, "honest", text):
                await eventually(lambda: bool(rooms.jobs))
        assert [job.room for job in rooms.jobs] == ["honest"]


async def test_a_full_worker_leaves_the_job_to_another(livekit: LiveKit, tmp_path: Path) -> None:
    """Two that take one room each serve two rooms."""
    one, two = Rooms(), Rooms()
    async with (
        registered(livekit, tmp_path / "one", one, max_sessions=1),
        registered(livekit, tmp_path / "two", two, max_sessions=1),
        user(livekit, "first", claim(livekit, "first")),
        user(livekit, "second", claim(livekit, "second")),
    ):
        await eventually(lambda: len(one.jobs) + len(two.jobs) == 2)
        assert len(one.jobs) == len(two.jobs) == 1


async def test_another_memory_on_the_same_livekit_gets_its_own_rooms(
    livekit: LiveKit, tmp_path: Path
) -> None:
    """A worker that does not know the agent leaves the job to one that does."""

    async def all_known(claim: Claim) -> bool:
        return True

    mine, theirs = Rooms(), Rooms()
    async with (
        registered(livekit, tmp_path / "mine", mine),
        registered(livekit, tmp_path / "theirs", theirs, knows=all_known),
    ):
        for number in range(4):
            name = f"theirs-{number}"
            async with user(livekit, name, claim(livekit, name, agent="agt_elsewhere")):
                await eventually(lambda: len(theirs.jobs) == number + 1)  # noqa: B023
    assert not mine.jobs


async def test_a_draining_worker_takes_nothing(livekit: LiveKit, tmp_path: Path) -> None:
    """From the first moment of its end on, joins go to others."""
    one, two = Rooms(), Rooms()
    async with registered(livekit, tmp_path / "one", one) as host:
        host.draining = True
        async with registered(livekit, tmp_path / "two", two):
            for number in range(4):
                name = f"drained-{number}"
                async with user(livekit, name, claim(livekit, name)):
                    await eventually(lambda: len(two.jobs) == number + 1)  # noqa: B023
        assert not one.jobs


async def test_who_joined_before_the_worker_gets_an_agent(livekit: LiveKit, tmp_path: Path) -> None:
    """LiveKit forgets a job that nobody took; the worker asks for it again, also when it is old."""
    rooms = Rooms()
    text = claim(livekit, "early", exp=int(time.time()) - 3600)
    async with user(livekit, "early", text), registered(livekit, tmp_path, rooms):
        await eventually(lambda: len(rooms.jobs) == 1)
        renewed = claims.read(rooms.jobs[0].metadata, livekit.api_secret, int(time.time()))
        assert renewed.conversation == "conv_early"
        await asyncio.sleep(2 * lost.LOOK)
        assert len(rooms.jobs) == 1


async def test_who_gets_no_agent_is_told(
    livekit: LiveKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last try comes a notice; nobody else is sent one."""
    monkeypatch.setattr(lost, "LOOK", 0.5)
    busy = Rooms()
    async with (
        registered(livekit, tmp_path, busy, max_sessions=1),
        user(livekit, "taken", claim(livekit, "taken")),
    ):
        await eventually(lambda: len(busy.jobs) == 1)
        async with user(livekit, "waiting", claim(livekit, "waiting")) as room:
            heard: list[bytes] = []
            room.on("data_received", lambda packet: heard.append(packet.data))
            await eventually(lambda: bool(heard))
            assert b'"agent_not_joined"' in heard[0]
            assert b"duologue.notice" in heard[0]


async def test_it_registers_again_when_livekit_was_away(tmp_path: Path) -> None:
    """A restarted server gives its jobs to the same worker, which told of both, once."""
    with servers.server() as livekit, capture_logs() as lines:
        rooms = Rooms()
        async with registered(livekit, tmp_path, rooms):
            await asyncio.to_thread(livekit.stop)
            await asyncio.sleep(2)
            await asyncio.to_thread(livekit.start)
            text = claim(livekit, "after")
            async with user(livekit, "after", text):
                await eventually(lambda: len(rooms.jobs) == 1)
    said = [line["event"] for line in lines if "LiveKit" in line["event"]]
    assert said == [
        "registered with LiveKit",
        "LiveKit is unreachable, trying on",
        "LiveKit is back",
    ]


async def test_a_livekit_that_is_away_holds_up_no_start(tmp_path: Path) -> None:
    """The house opens without it, and it is found when it comes."""
    with servers.server() as livekit:
        await asyncio.to_thread(livekit.stop)
        rooms = Rooms()
        async with registered(livekit, tmp_path, rooms):
            await asyncio.to_thread(livekit.start)
            async with user(livekit, "late", claim(livekit, "late")):
                await eventually(lambda: len(rooms.jobs) == 1)


async def test_a_wrong_secret_is_an_error_at_the_start(livekit: LiveKit, tmp_path: Path) -> None:
    """It names the key and says where to look, and shows no secret."""
    wrong = "another-secret-of-32-characters!"
    settings = Settings(data=str(tmp_path), **{**livekit.settings, "livekit_api_secret": wrong})
    address = named(settings)
    assert address is not None
    db = await Database.open(settings.database)
    host = Host(db, settings, Catalog(), clock=now_ms)
    with pytest.raises(DuologueError, match="does not take the key 'duologue'") as caught:
        await Registrar(host, address, Rooms(), known).open()
    assert wrong not in str(caught.value)
    await host.close()
    await db.close()


async def test_a_failing_room_is_reported_and_the_next_one_served(
    livekit: LiveKit, tmp_path: Path
) -> None:
    """One that fails does not take the registration with it."""
    rooms = Rooms()
    rooms.failure = RuntimeError("no such device")
    async with registered(livekit, tmp_path, rooms):
        async with user(livekit, "broken", claim(livekit, "broken")):
            await eventually(lambda: len(rooms.jobs) == 1)
        rooms.failure = None
        async with user(livekit, "whole", claim(livekit, "whole")):
            await eventually(lambda: len(rooms.jobs) == 2)


async def test_closing_waits_for_rooms_and_leaves_none(livekit: LiveKit, tmp_path: Path) -> None:
    """Whoever is in a room says goodbye before the registration ends."""
    rooms = Rooms()
    async with user(livekit, "last", claim(livekit, "last")):
        async with registered(livekit, tmp_path, rooms):
            await eventually(lambda: len(rooms.jobs) == 1)
        await livekit.crowd("last", 1)
