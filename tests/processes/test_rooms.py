"""Rooms of a LiveKit that two servers and a worker share: whoever goes, somebody answers."""

from __future__ import annotations

import asyncio

import pytest
from tests.processes.alone import require_one_agent
from tests.processes.cluster import Cluster, End
from tests.processes.guest import Guest
from tests.processes.proxy import Proxy

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.rooms]


async def talk_through(rooms: Cluster, rooms_key: str, rooms_door: Proxy, how: End) -> Guest:
    """Somebody who writes in a room while every process ends once, and comes back."""
    async with Guest(rooms_door.url, rooms_key, room=True) as guest:
        await guest.ask("Line 0.")
        for number, house in enumerate(rooms.all, 1):
            ending = asyncio.create_task(asyncio.to_thread(rooms.again, house, how))
            while not ending.done():
                await guest.ask(f"Line {number}.")
            await ending
        await guest.ask("Goodbye.")
        return guest


async def test_a_room_is_served_while_one_process_after_the_other_drains(
    rooms: Cluster, rooms_key: str, rooms_door: Proxy
) -> None:
    """Its agent finishes its turn; who comes again goes on with the same conversation."""
    guest = await talk_through(rooms, rooms_key, rooms_door, "drain")
    await require_one_agent(rooms, guest.session.conversation_id)
    said = await rooms.said(guest.session.conversation_id)
    asked = [one["text"] for one in said if one["role"] == "user"]
    assert set(guest.acknowledged) <= set(asked)
    assert (asked[0], asked[-1]) == ("Line 0.", "Goodbye.")
    assert rooms.faults() == []


@pytest.mark.soak
async def test_a_room_is_served_while_one_process_after_the_other_is_killed(
    rooms: Cluster, rooms_key: str, rooms_door: Proxy
) -> None:
    """LiveKit sees a killed agent gone after half a minute; then another one goes on."""
    guest = await talk_through(rooms, rooms_key, rooms_door, "kill")
    await require_one_agent(rooms, guest.session.conversation_id)
    said = await rooms.said(guest.session.conversation_id)
    asked = [one["text"] for one in said if one["role"] == "user"]
    assert set(guest.acknowledged) <= set(asked)
