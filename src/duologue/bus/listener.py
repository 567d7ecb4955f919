"""Whoever sits at the end of a line to Redis: what it is told, and what it is asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from duologue.bus.outbox import Told


class Listener(Protocol):
    """Whoever sits at the end of a line."""

    @property
    def always(self) -> Iterable[str]:
        """The channels that are listened to from the first moment."""

    def hear(self, channel: str, data: bytes) -> None:
        """Something was said on a channel."""

    def tuned(self, channel: str) -> None:
        """A channel is listened to from now on."""

    def came(self) -> None:
        """The line is there, again."""

    def went(self) -> None:
        """The line is gone, and will come back by itself."""

    def beat(self) -> None:
        """It is time to say something on a channel that is listened to here."""

    def written(self, told: Told) -> tuple[str, bytes]:
        """An event as it travels: its channel, and what is said there."""
