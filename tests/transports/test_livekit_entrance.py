"""Entering a room, and giving up on it: whoever does is out of it again, agent or client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
from livekit import rtc

from duologue.client import room_joining
from duologue.client.errors import SessionConnectError
from duologue.client.road import Ticket
from duologue.client.room_joining import join
from duologue.client.tasks import Tasks
from duologue.transports.livekit import entrance
from duologue.transports.livekit.entrance import enter

Way = Callable[[rtc.Room], Coroutine[Any, Any, None]]


class Slow:
    """A room that is entered when somebody opens it, and not before; cancelling it is noted."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.left = asyncio.Event()
        self.cut = False
        self._in = False

    async def connect(self, url: str, token: str, options: rtc.RoomOptions) -> None:
        """Waits for the door."""
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.cut = True
            raise
        self._in = True

    def isconnected(self) -> bool:
        """Whether we are in it."""
        return self._in

    async def disconnect(self) -> None:
        """Leaves it."""
        self._in = False
        self.left.set()


async def _enter(room: rtc.Room) -> None:
    await enter(room, "ws://127.0.0.1:1", "", rtc.RoomOptions())


async def _join(room: rtc.Room) -> None:
    await join(room, Ticket(url="ws://127.0.0.1:1", token=""), rtc.RoomOptions(), Tasks())


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives up waits no longer than a moment for what comes late."""
    monkeypatch.setattr(entrance, "CLOSING", 0.05)
    monkeypatch.setattr(room_joining, "LEAVE", 0.05)


@pytest.mark.parametrize("way", [_enter, _join])
async def test_a_room_that_opens_too_late_is_left_again(way: Way) -> None:
    """LiveKit's own work is never cancelled, and what it enters afterwards is left."""
    room = Slow()
    task = asyncio.create_task(way(cast("rtc.Room", room)))
    await asyncio.sleep(0.01)
    task.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not room.cut
        assert not room.left.is_set()
        room.opened.set()
        await room.left.wait()
    assert not room.isconnected()


@pytest.mark.parametrize("way", [_enter, _join])
async def test_a_room_that_opens_in_time_is_kept(way: Way) -> None:
    """Nobody leaves a room that is wanted."""
    room = Slow()
    room.opened.set()
    async with asyncio.timeout(10):
        await way(cast("rtc.Room", room))
    assert room.isconnected()
    assert not entrance._late
    assert not room_joining._late


async def test_a_join_that_takes_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own patience is no other case."""
    monkeypatch.setattr(room_joining, "CONNECT", 0.05)
    room = Slow()
    async with asyncio.timeout(10):
        with pytest.raises(SessionConnectError, match="no room within"):
            await _join(cast("rtc.Room", room))
        assert not room.cut
        room.opened.set()
        await room.left.wait()
