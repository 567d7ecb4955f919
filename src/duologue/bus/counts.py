"""Counts that several processes keep together: how often, and how much a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Counts(Protocol):
    """What limits ask; none where the others cannot be asked, and each process counts alone."""

    async def wait(self, name: str, each_ms: float, room_ms: float) -> float | None:
        """Takes one of `name`, if `room_ms` has room for it, of which each takes `each_ms`.

        How many milliseconds to wait until it has; 0 where it was taken.
        """

    async def spend(self, day: int, shares: Sequence[tuple[str, int]], size: int) -> int | None:
        """Takes `size` of the day from each share, if each has as much left of its limit.

        The place of the first that has not, from 1 on; 0 where it was taken from all.
        """
