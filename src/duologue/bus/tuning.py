"""Which channels are listened to: wanted by those who listen, asked of Redis, confirmed by it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple


class Change(NamedTuple):
    """What Redis is to be told, and what it need not be."""

    new: set[str]
    left: set[str]
    again: set[str]
    """Wanted again before Redis was told that they were not: they are listened to already."""


class Tuning:
    """Keeps apart what is wanted and what was asked for, over any number of connections."""

    def __init__(self) -> None:
        self.due = False
        """Whether anything changed."""
        self._wanted: set[str] = set()
        self._asked: set[str] = set()
        self._again: set[str] = set()
        self._unconfirmed: set[str] = set()
        self._settled = asyncio.Event()

    def want(self, channel: str) -> None:
        """It is to be listened to."""
        if channel in self._asked:
            self._again.add(channel)
        self._wanted.add(channel)
        self._settled.clear()
        self.due = True

    def leave(self, channel: str) -> None:
        """It need not be any more."""
        self._wanted.discard(channel)
        self.due = True

    def begin(self, channels: Iterable[str]) -> None:
        """A new connection listens to these alone."""
        self._asked = set(channels)
        self._wanted |= self._asked
        self._again.clear()
        self._unconfirmed.clear()
        self._settled.clear()
        self.due = True

    def change(self) -> Change:
        """What is to be asked for now; it counts as asked."""
        new, left = self._wanted - self._asked, self._asked - self._wanted
        self._asked = set(self._wanted)
        self._unconfirmed = (self._unconfirmed - left) | new
        again = (self._again & self._asked) - self._unconfirmed
        self._again.clear()
        self.due = False
        self._look()
        return Change(new, left, again)

    def confirm(self, channel: str) -> None:
        """Redis said that it is listened to."""
        self._unconfirmed.discard(channel)
        self._look()

    async def settled(self) -> None:
        """Returns once all that is wanted is listened to."""
        await self._settled.wait()

    def _look(self) -> None:
        if not self._unconfirmed and not self.due:
            self._settled.set()
