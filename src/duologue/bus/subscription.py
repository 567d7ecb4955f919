"""What one listener has not read yet: at most so much, and the oldest is lost first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from duologue.wire.live import Event, Levels, Lost, Moved

WAITING: Final = 256
"""Events that wait for a slow reader."""
_LAST_COUNTS: Final = (Levels, Moved)


class Subscription:
    """The events of a topic, in order; a reader that lost some is told so before the next."""

    def __init__(
        self, left: Callable[[Subscription], None] = lambda one: None, limit: int = WAITING
    ) -> None:
        self._left = left
        self._limit = limit
        self._waiting: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._lost = 0
        self.closed = False
        """Whether nothing more will come."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def put(self, event: Event) -> None:
        """One more event; where a level follows one that nobody read, only the new one counts."""
        if self.closed:
            return
        waiting = self._waiting
        if waiting and isinstance(event, _LAST_COUNTS) and type(waiting[-1]) is type(event):
            waiting[-1] = event
        else:
            if len(waiting) >= self._limit:
                waiting.popleft()
                self._lost += 1
            waiting.append(event)
        self._arrived.set()

    async def take(self, within: float | None = None) -> Event | None:
        """The next event; none when nothing came in time, or nothing more will come."""
        if not self._waiting and not self.closed:
            self._arrived.clear()
            try:
                async with asyncio.timeout(within):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        if self._lost:
            lost, self._lost = self._lost, 0
            return Lost(lost)
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Listens no more; what was not read is gone."""
        if not self.closed:
            self.closed = True
            self._waiting.clear()
            self._lost = 0
            self._arrived.set()
            self._left(self)
