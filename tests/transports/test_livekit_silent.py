"""A LiveKit that takes every request and answers none: nobody waits for it for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit import api
from tests.pipeline.stage import until

from duologue.transports.livekit import announced, lost, office
from duologue.transports.livekit.names import LiveKit
from duologue.wire.rooms import Claim

SECRET = "a secret of thirty-two letters.."
SOON = 0.2


class Silent:
    """The server: who asked, and that each of them went."""

    def __init__(self) -> None:
        self.asked = 0
        self.url = ""

    @property
    def livekit(self) -> LiveKit:
        """How it is reached."""
        return LiveKit(self.url, "key", SECRET)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hears a request, and waits until whoever asked is gone."""
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        await reader.read()
        writer.close()


@asynccontextmanager
async def silent() -> AsyncIterator[Silent]:
    """A server on loopback."""
    made = Silent()
    async with await asyncio.start_server(made.take, "127.0.0.1", 0) as server:
        made.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made


async def test_a_room_is_left_though_it_cannot_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of its agent is free for the next one."""
    monkeypatch.setattr(office, "PATIENCE", SOON)
    async with asyncio.timeout(30), silent() as server:
        await office.Office(server.livekit, "room").close_room()
        assert server.asked == 1


async def test_who_is_announced_is_left_to_livekit(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up, and told."""
    monkeypatch.setattr(announced, "PATIENCE", SOON)
    nothing: Any = None
    async with asyncio.timeout(30), silent() as server:
        made = announced.Announced(nothing, server.livekit, nothing, nothing, nothing)
        async with api.LiveKitAPI(*server.livekit, failover=False) as service:
            with pytest.raises(TimeoutError):
                await made._dispatched(service, "room", {})
        assert server.asked == 1


async def test_rooms_are_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look that is not answered is not the last."""
    monkeypatch.setattr(lost, "PATIENCE", SOON)
    monkeypatch.setattr(lost, "LOOK", SOON)

    async def knows(claim: Claim) -> bool:
        return True

    async with asyncio.timeout(30), silent() as server:
        made = lost.Lost(server.livekit, set, knows)
        made.open()
        made.suspect()
        await until(lambda: server.asked >= 2)
        await made.close()
