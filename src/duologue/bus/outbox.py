"""What waits to be sent: commands always, events at most so many, and what counts least goes first.

It is one line: what was put in first is sent first, whatever it is.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from itertools import islice
from typing import Any, Final, NamedTuple

from duologue.wire.live import Brief, Event, Levels, Lost

WAITING: Final = 1024
"""Events that wait for a slow line."""
_LIGHT: Final = (Levels, Brief)
"""Of these a newer one says all that an older one did."""

Future = asyncio.Future[Any]


class Command(NamedTuple):
    """What Redis is asked, and who waits for the answer."""

    words: tuple[str | bytes | int, ...]
    done: Future | None = None


class Told(NamedTuple):
    """An event of a topic."""

    topic: str
    event: Event


class Outbox:
    """Never refuses anything, and never grows beyond its bound."""

    def __init__(self, limit: int = WAITING) -> None:
        self._limit = limit
        self._waiting: dict[int, Command | Told] = {}
        self._light: deque[int] = deque()
        self._heavy: deque[int] = deque()
        self._lost: Counter[str] = Counter()
        self._next = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, command: Command) -> None:
        """One more command."""
        self._waiting[self._number()] = command

    def offer(self, topic: str, event: Event) -> None:
        """One more event; where there are too many, one that waits longest is lost instead."""
        if len(self._light) + len(self._heavy) >= self._limit:
            self._drop()
        number = self._number()
        (self._light if isinstance(event, _LIGHT) else self._heavy).append(number)
        self._waiting[number] = Told(topic, event)

    def take(self, most: int) -> list[Command | Told]:
        """The next ones, in order; who watches is told first how many events were lost before."""
        taken: list[Command | Told] = []
        for number, item in list(islice(self._waiting.items(), most)):
            del self._waiting[number]
            if isinstance(item, Told):
                (self._light if isinstance(item.event, _LIGHT) else self._heavy).popleft()
                if lost := self._lost.pop(item.topic, 0):
                    taken.append(Told(item.topic, Lost(lost)))
            taken.append(item)
        return taken

    def clear(self) -> list[Command]:
        """Forgets all; the commands that somebody may wait for."""
        left = [each for each in self._waiting.values() if isinstance(each, Command)]
        for each in (self._waiting, self._light, self._heavy, self._lost):
            each.clear()
        return left

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _drop(self) -> None:
        """Loses a level or a row of a list, which the next one makes good; else another event."""
        number = (self._light or self._heavy).popleft()
        told = self._waiting.pop(number)
        if isinstance(told, Told) and not isinstance(told.event, _LIGHT):
            self._lost[told.topic] += 1
