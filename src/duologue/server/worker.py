"""Takes rooms without a house: the same agents and the same memory in one more process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from duologue.agents.registry import Catalog
from duologue.errors import DuologueError
from duologue.server import present
from duologue.server.rooms import Rooms
from duologue.server.serve import opened, settle_memory
from duologue.settings import Settings


async def work(settings: Settings, catalog: Catalog, *, announce: Callable[[str], None]) -> None:
    """Takes rooms until a signal; `announce` gets LiveKit's address once it is asked."""
    async with opened(settings, catalog) as host:
        rooms = Rooms(host)
        if rooms.livekit is None:
            raise DuologueError("livekit_missing")
        async with present.on_memory_of(host, rooms.suspect):
            await host.open()
            await rooms.open()
            try:
                settle_memory()
                announce(rooms.livekit.url)
                await _signals(rooms)
            finally:
                await rooms.close_with_host()


async def _signals(rooms: Rooms) -> None:
    """Returns when this process was asked to end, and all turns are over or it was asked again."""
    loop = asyncio.get_running_loop()
    asked, again = asyncio.Event(), asyncio.Event()
    wanted = (signal.SIGINT, signal.SIGTERM)

    def ask() -> None:
        (again if asked.is_set() else asked).set()

    for number in wanted:
        loop.add_signal_handler(number, ask)
    try:
        await asked.wait()
        ways = {asyncio.create_task(rooms.drain()), asyncio.create_task(again.wait())}
        done, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for each in left:
            each.cancel()
        await asyncio.wait(ways)
        for each in done:
            each.result()
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)


def run(settings: Settings, catalog: Catalog, *, announce: Callable[[str], None]) -> None:
    """Works in a loop of its own."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(settings, catalog, announce=announce))
