"""A network between any two parts with weather: delay, loss, little room, and silence."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from typing import Final, TypeVar
from urllib.parse import urlsplit

from tests.client.network import Network

T = TypeVar("T")
PIECE: Final = 4096
AGAIN: Final = 0.25
"""Seconds until a lost packet was sent again, as TCP does; all behind it waits as long."""


class Weather(Network):
    """Carries bytes both ways as slowly, as late and as little as it is told."""

    def __init__(self, url: str, *, seed: int = 1) -> None:
        super().__init__(url)
        self.delay = 0.0
        """Seconds that everything is under way, in each direction."""
        self.loss = 0.0
        """The share of pieces that come one retransmission later."""
        self.rate = 0.0
        """Bytes a second in each direction; 0 sets no limit."""
        self._chance = random.Random(seed)
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def there(self) -> str:
        """The `host:port` by which it is entered."""
        return urlsplit(self.url).netloc

    def over(self, url: str) -> str:
        """An address of the same server, by way of this network."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=user + at + self.there).geturl()

    def stall(self) -> None:
        """Carries nothing any more, and closes nothing: neither side is told."""
        self._flows.clear()

    def flow(self) -> None:
        """Carries again, and first what waited."""
        self._flows.set()

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, held: bool
    ) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        delivering = asyncio.create_task(self._deliver(under_way, target))
        loop, due = asyncio.get_running_loop(), 0.0
        try:
            with contextlib.suppress(OSError):
                while data := await source.read(PIECE):
                    lost = self._chance.random() < self.loss
                    due = max(due, loop.time() + self.delay + (AGAIN if lost else 0.0))
                    await under_way.put((due, data))
            await under_way.put((due, b""))
            await delivering
        finally:
            delivering.cancel()
            await asyncio.wait([delivering])

    async def _deliver(
        self, under_way: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while (piece := await under_way.get())[1]:
                due, data = piece
                await asyncio.sleep(due - loop.time())
                await self._flows.wait()
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                target.write(data)
                await target.drain()


@contextlib.asynccontextmanager
async def weather(url: str) -> AsyncIterator[Weather]:
    """Fair weather before a server, until a test makes it worse."""
    made = Weather(url)
    await made.open()
    try:
        yield made
    finally:
        made.flow()
        await made.close()


@contextlib.asynccontextmanager
async def beside(made: AbstractContextManager[T]) -> AsyncIterator[T]:
    """Something that is entered and left in a thread, for it needs a network of this loop."""
    entered = await asyncio.to_thread(made.__enter__)
    try:
        yield entered
    finally:
        await asyncio.to_thread(made.__exit__, None, None, None)
