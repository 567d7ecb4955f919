"""Rooms of a LiveKit that two servers and a worker share: whoever goes, somebody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.processes.cluster import Cluster, End, cluster
from tests.processes.guest import Guest
from tests.processes.proxy import Proxy, proxy
from tests.rooms.livekit import server

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.rooms]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two servers and a worker that share a LiveKit of the test's own."""
    folder = tmp_path_factory.mktemp("many")
    with server() as livekit, cluster(folder, livekit, drain_seconds=5.0) as made:
        yield made


@pytest.fixture(scope="module")
def key(many: Cluster) -> str:
    """A secret key, which every process knows."""
    return many.servers[0].secret_key()


@pytest.fixture
def door(many: Cluster) -> Iterator[Proxy]:
    """The proxy, with both servers behind it."""
    with proxy(many.ports) as opened:
        yield opened


async def talk_through(many: Cluster, key: str, door: Proxy, how: End) -> Guest:
    """Somebody who writes in a room while every process ends once, and comes back."""
    async with Guest(door.url, key, room=True) as guest:
        await guest.ask("Line 0.")
        for number, house in enumerate(many.all, 1):
            ending = asyncio.create_task(asyncio.to_thread(many.again, house, how))
            while not ending.done():
                await guest.ask(f"Line {number}.")
            await ending
        await guest.ask("Goodbye.")
        return guest


async def test_a_room_is_served_while_one_process_after_the_other_drains(
    many: Cluster, key: str, door: Proxy
) -> None:
    """Its agent finishes its turn; who comes again goes on with the same conversation."""
    guest = await talk_through(many, key, door, "drain")
    said = await asyncio.to_thread(many.servers[0].messages, guest.session.conversation_id)
    asked = [one["text"] for one in said if one["role"] == "user"]
    assert set(guest.acknowledged) <= set(asked)
    assert (asked[0], asked[-1]) == ("Line 0.", "Goodbye.")
    assert many.faults() == []


@pytest.mark.soak
async def test_a_room_is_served_while_one_process_after_the_other_is_killed(
    many: Cluster, key: str, door: Proxy
) -> None:
    """LiveKit sees a killed agent gone after half a minute; then another one goes on."""
    guest = await talk_through(many, key, door, "kill")
    said = await asyncio.to_thread(many.servers[0].messages, guest.session.conversation_id)
    asked = [one["text"] for one in said if one["role"] == "user"]
    assert set(guest.acknowledged) <= set(asked)
