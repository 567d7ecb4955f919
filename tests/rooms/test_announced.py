"""A client that says that it is on its way: the agent is there with it, and there is only one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from livekit import rtc
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import ListRoomsRequest
from tests.client.sockets import AGENTS
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import fresh, until
from tests.serving import House

from duologue import Session, TokenSource
from duologue.client import announcing
from duologue.client.road import Ticket
from duologue.client.token_options import TokenOptions
from duologue.transports.livekit import lost
from duologue.transports.livekit.announced import NOBODY
from duologue.transports.livekit.desk import OWN
from duologue.wire.rooms import WORKER

ALONE = 30.0
"""Seconds within which an agent leaves to whose room nobody came."""


@pytest.fixture(scope="module")
def inn(tmp_path_factory: pytest.TempPathFactory, livekit: LiveKit) -> Iterator[House]:
    """A server of this machine with rooms."""
    folder = tmp_path_factory.mktemp("inn")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    settings = {**livekit.settings, "grace_seconds": 2.0}
    with House(folder / "data", file, mode="dev", **settings) as running:
        yield running


async def ticket(inn: House, room: str) -> Ticket:
    """A token for a room of that name, with `talker` in it."""
    source = TokenSource.endpoint(f"{inn.url}/api/token")
    return await source.fetch(TokenOptions(room_name=room, agent_name="talker"))


async def announce(given: Ticket) -> None:
    """Says that its bearer comes."""
    headers = {"authorization": f"Bearer {given.token}"}
    async with httpx.AsyncClient() as http:
        assert (await http.post(given.announce, headers=headers)).status_code == 204


def agents(people: list[ParticipantInfo]) -> list[str]:
    """Who of them is an agent."""
    return [each.identity for each in people if each.kind == ParticipantInfo.AGENT]


async def sent_for(livekit: LiveKit, room: str) -> set[str]:
    """Which agents LiveKit was asked for."""
    async with livekit.api() as asked:
        return {each.agent_name for each in await asked.agent_dispatch.list_dispatch(room)}


async def test_a_session_of_ours_is_announced(
    inn: House, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its agent came without being sent, answers, and goes when it is left; twice over."""
    monkeypatch.setattr(announcing, "LEAD", 30.0)  # a busy machine may lose the race otherwise
    room = fresh()
    source = TokenSource.endpoint(f"{inn.url}/api/token")
    session = Session(source, agent_name="talker", room_name=room)
    for _ in range(2):
        await session.start(timeout=60)
        (agent,) = agents(await livekit.people(room))
        assert agent.startswith(f"agent-{OWN}")
        assert await sent_for(livekit, room) == {NOBODY}
        await session.messages.send("Hi.")
        await until(lambda: any(each.text == "You said: Hi." for each in session.messages))
        await session.end()
        await livekit.crowd(room, 0)
        session.messages.restore([])


async def test_a_stock_client_gets_its_agent_as_ever(inn: House, livekit: LiveKit) -> None:
    """Who does not announce itself is sent an agent by LiveKit."""
    room, given = rtc.Room(), await ticket(inn, fresh())
    await room.connect(given.url, given.token)
    (agent,) = agents(await livekit.crowd(room.name, 2))
    assert agent.startswith("agent-AJ_")
    assert await sent_for(livekit, room.name) == {WORKER}
    await room.disconnect()


async def test_who_is_there_already_gets_no_second_agent(inn: House, livekit: LiveKit) -> None:
    """Whether LiveKit has sent one, or is about to."""
    room, given = rtc.Room(), await ticket(inn, fresh())
    await room.connect(given.url, given.token)
    await announce(given)
    people = await livekit.crowd(room.name, 2)
    await announce(given)
    await asyncio.sleep(1)
    assert agents(await livekit.people(room.name)) == agents(people)
    assert agents(people)[0].startswith("agent-AJ_")
    await room.disconnect()


async def test_announced_twice_one_agent_comes(inn: House, livekit: LiveKit) -> None:
    """Also at the same moment; and it goes again when nobody follows."""
    given = await ticket(inn, fresh())
    await asyncio.gather(*(announce(given) for _ in range(4)))
    (agent,) = await livekit.crowd(given.room_name, 1)
    assert agent.identity.startswith(f"agent-{OWN}")
    await asyncio.sleep(1)
    assert len(await livekit.people(given.room_name)) == 1
    async with asyncio.timeout(ALONE * 2):
        await livekit.crowd(given.room_name, 0)


async def test_an_announcement_counts_once(inn: House, livekit: LiveKit) -> None:
    """Who only says that he comes keeps no agent waiting a second time, and pays for none."""
    given = await ticket(inn, fresh())
    await announce(given)
    await livekit.crowd(given.room_name, 1)
    async with asyncio.timeout(ALONE * 2):
        await livekit.crowd(given.room_name, 0)
    await announce(given)
    await asyncio.sleep(1)
    assert await livekit.people(given.room_name) == []
    async with httpx.AsyncClient() as http:
        listed = (await http.get(f"{inn.url}/v1/sessions")).json()["items"]
    (found,) = [one for one in listed if one["conversation_id"] == given.conversation_id]
    assert (found["state"], found["attached_ms"]) == ("ended", 0)


async def test_who_talks_is_not_replaced_by_a_word(inn: House, livekit: LiveKit) -> None:
    """A second place takes the conversation over when somebody is there, and not before."""
    source = TokenSource.endpoint(f"{inn.url}/api/token")
    session = Session(source, agent_name="talker")
    await session.start(timeout=60)
    options = TokenOptions(
        room_name=fresh(),
        agent_name="talker",
        conversation_id=session.conversation_id,
        resume_token=session.resume_token,
    )
    second = await source.fetch(options)
    await announce(second)
    await asyncio.sleep(1)
    assert await livekit.people(second.room_name) == []
    assert session.is_connected
    await session.end()


async def test_a_full_house_makes_no_room(tmp_path: Path, livekit: LiveKit) -> None:
    """LiveKit asks other workers then, as it does for everybody."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with House(tmp_path / "data", file, mode="dev", max_sessions=1, **livekit.settings) as inn:
        source = TokenSource.endpoint(f"{inn.url}/api/token")
        async with Session(source, agent_name="talker", room_name=fresh()):
            given = await ticket(inn, fresh())
            await announce(given)
            async with livekit.api() as asked:
                wanted = ListRoomsRequest(names=[given.room_name])
                rooms = await asked.room.list_rooms(wanted)
            assert not rooms.rooms


async def test_other_processes_leave_a_call_alone(
    tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a worker, nor a server that is full, nor one of another memory takes it for lost."""
    monkeypatch.setattr(announcing, "LEAD", 30.0)
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    settings = {**livekit.settings, "max_sessions": 2}
    inn = House(tmp_path / "data", file, mode="dev", **settings)
    worker = House(tmp_path / "data", file, mode="worker", **settings)
    other = House(tmp_path / "other", file, mode="dev", **settings)
    with inn:
        source = TokenSource.endpoint(f"{inn.url}/api/token")
        names = [fresh() for _ in range(3)]
        room, sent = rtc.Room(), rtc.Room()
        async with Session(source, agent_name="talker", room_name=names[0]) as session:
            given = await ticket(inn, names[1])
            await room.connect(given.url, given.token)
            before = [agents(await livekit.crowd(name, 2)) for name in names[:2]]
            with worker, other:
                given = await ticket(inn, names[2])
                await sent.connect(given.url, given.token)
                before.append(agents(await livekit.crowd(names[2], 2)))
                await asyncio.sleep(2 * lost.LOOK + 5)
                assert [agents(await livekit.people(name)) for name in names] == before
                assert session.is_connected
                await sent.disconnect()
            await room.disconnect()


async def test_nobody_listens_where_it_is_announced(inn: House, livekit: LiveKit) -> None:
    """A client whose word is not heard gets its agent all the same."""
    given = await ticket(inn, fresh())
    answer = {
        "server_url": given.url,
        "participant_token": given.token,
        "duologue": {"transport": "livekit", "announce": "http://127.0.0.1:9/api/token/announce"},
    }
    session = Session(TokenSource.literal(answer), agent_name="talker")
    await session.start(timeout=60)
    (agent,) = agents(await livekit.people(given.room_name))
    assert agent.startswith("agent-AJ_")
    await session.end()
