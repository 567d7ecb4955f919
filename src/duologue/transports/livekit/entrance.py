"""The way into a room: it cannot be turned back half-way, so who gives up leaves afterwards."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import structlog
from livekit import rtc

log = structlog.get_logger(__name__)

LATE: Final = 120.0
"""Seconds in which LiveKit's client certainly entered or gave up."""
CLOSING: Final = 4.0
"""Seconds for leaving."""

_late: set[asyncio.Task[None]] = set()
"""Rooms that are entered though nobody wants to be there any more."""


async def enter(room: rtc.Room, url: str, token: str, options: rtc.RoomOptions) -> None:
    """Enters a room; whoever is called off meanwhile is out of it again, soon or later."""
    # Cancelled itself, LiveKit's client would enter unheard, and then end our whole process.
    entering = asyncio.create_task(room.connect(url, token, options))
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        leaving = asyncio.create_task(_leave(room, entering))
        _late.add(leaving)
        leaving.add_done_callback(_late.discard)
        await asyncio.wait([leaving], timeout=CLOSING)
        raise


async def _leave(room: rtc.Room, entering: asyncio.Task[Any]) -> None:
    await asyncio.wait([entering], timeout=LATE)
    if not entering.done():
        log.warning("room neither entered nor refused", seconds=LATE)
    elif not entering.cancelled() and entering.exception() is None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await room.disconnect()
