"""Opens the bus that the settings mean: in this process, or between several by Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from duologue.bus.bell import Bell
from duologue.bus.counts import Counts
from duologue.bus.here import HereBell


class Bus(NamedTuple):
    """What processes share beside the database."""

    bell: Bell
    counts: Counts | None
    """None where one process counts for itself."""


@asynccontextmanager
async def opened(url: str, memory: str) -> AsyncIterator[Bus]:
    """The bus at that address, among processes on the same memory; it is let go at the end.

    `memory` names the database, so that several may share one Redis.
    """
    if not url:
        yield Bus(HereBell(), None)
        return
    # Imported here: whoever needs no Redis need not wait for its library.
    from duologue.bus.line import Line
    from duologue.bus.redis import RedisBell
    from duologue.bus.redis_counts import RedisCounts

    prefix = f"duologue:{memory}"
    line = Line(url)
    bell = RedisBell(line, prefix)
    await line.open(bell)
    try:
        yield Bus(bell, RedisCounts(line, prefix))
    finally:
        await bell.aclose()
        await line.close()
