"""The room's letter box: what is sent leaves in order, and nothing is waited for without end."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

PATIENCE: Final = 5.0
"""Seconds for one sending; a room that is reconnecting may never answer."""
LIMIT: Final = 1000
"""Sendings that may wait; beyond it the oldest are forgotten: the room is as good as gone."""

Work = Callable[[], Awaitable[object]]


class Post:
    """Does one sending after the other in a task of its own."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._waiting: deque[tuple[Work, str]] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begins to send what waits."""
        self._task = asyncio.create_task(self._deliver())

    def send(self, work: Work, *, newest: str = "") -> None:
        """Queues a sending; of those that name the same `newest`, only the last one leaves."""
        if self._closed:
            return
        if newest:
            kept = [entry for entry in self._waiting if entry[1] != newest]
            self._waiting = deque(kept)
        self._waiting.append((work, newest))
        while len(self._waiting) > LIMIT:
            self._waiting.popleft()
        self._arrived.set()

    async def emptied(self) -> None:
        """Returns when everything that waits was sent, or could not be in time."""
        sent = asyncio.Event()

        async def last() -> None:
            sent.set()

        self.send(last)
        if not self._closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await sent.wait()

    async def close(self, within: float) -> None:
        """Sends what waits, as far as there is time, and stops."""
        self._closed = True
        self._arrived.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=within)
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _deliver(self) -> None:
        while True:
            while not self._waiting:
                if self._closed:
                    return
                self._arrived.clear()
                await self._arrived.wait()
            work, _ = self._waiting.popleft()
            try:
                async with asyncio.timeout(self._patience):
                    await work()
            except TimeoutError:
                log.info("not answered", seconds=self._patience)
            except Exception as error:  # a room that is gone, or going, takes nothing
                log.info("not sent", error=f"{type(error).__name__}: {error}")
