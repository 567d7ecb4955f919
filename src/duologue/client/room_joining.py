"""Joining a room and leaving it, within bounds; and why a room says that it is over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, Final

from livekit import rtc

from duologue.client.announcing import announced
from duologue.client.errors import SessionConnectError
from duologue.client.road import Ticket
from duologue.client.tasks import Tasks

CONNECT: Final = 15.0
"""Seconds for joining a room, all tries of LiveKit's client together."""
LEAVE: Final = 3.0
"""Seconds for leaving."""
LATE: Final = 120.0
"""Seconds in which LiveKit's client certainly joined or gave up."""

_late: set[asyncio.Task[None]] = set()
"""Rooms that are joined though nobody wants to be there any more."""

_REASONS: Final = {
    rtc.DisconnectReason.CLIENT_INITIATED: ("left", ""),
    rtc.DisconnectReason.DUPLICATE_IDENTITY: (
        "replaced",
        "somebody joined this room under the same identity",
    ),
    rtc.DisconnectReason.PARTICIPANT_REMOVED: ("removed", "the server removed us from the room"),
    rtc.DisconnectReason.ROOM_DELETED: ("ended", "the room was closed"),
    rtc.DisconnectReason.ROOM_CLOSED: ("ended", "the room was closed"),
}


async def join(room: rtc.Room, ticket: Ticket, options: rtc.RoomOptions, tasks: Tasks) -> None:
    """Joins a room; `SessionConnectError` when that is impossible or takes too long."""
    await announced(ticket, tasks)
    # No task of the session: cancelled, LiveKit's client joins unheard, and ends our process.
    work = _quietly(room.connect(_socket(ticket.url), ticket.token, options))
    joining = asyncio.create_task(work)
    try:
        async with asyncio.timeout(CONNECT):
            error = await asyncio.shield(joining)
    except BaseException as failure:
        await _abandon(room, joining)
        if isinstance(failure, TimeoutError):
            reason = f"no room within {CONNECT:g} s"
            raise SessionConnectError(reason, url=ticket.url) from None
        raise
    if error is not None:
        reason = getattr(error, "message", "") or str(error) or type(error).__name__
        raise SessionConnectError(reason.rstrip("."), url=ticket.url) from error


async def within(seconds: float, work: Awaitable[Any]) -> None:
    """Does work that may fail or hang without harm."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(seconds):
            await work


def require_unused(room: rtc.Room) -> None:
    """Refuses a room that was connected once: LiveKit's Python client cannot do it again."""
    try:
        room.local_participant  # noqa: B018  # it raises as long as it was never connected
    except Exception:
        return
    raise SessionConnectError(
        "this rtc.Room was connected before and cannot be again; give a function, room=rtc.Room"
    )


def why(reason: Any) -> tuple[str, str]:
    """The code and the sentence for the end of a room."""
    if reason in _REASONS:
        return _REASONS[reason]
    try:
        name = rtc.DisconnectReason.Name(reason).lower()
    except ValueError:
        name = str(reason)
    return "lost", f"the room was lost ({name})"


async def _abandon(room: rtc.Room, joining: asyncio.Task[Any]) -> None:
    """A join cannot be called off: it is waited for, soon beside others, and left again."""
    leaving = asyncio.create_task(_leave(room, joining))
    _late.add(leaving)
    leaving.add_done_callback(_late.discard)
    await asyncio.wait([leaving], timeout=LEAVE)


async def _leave(room: rtc.Room, joining: asyncio.Task[Any]) -> None:
    await asyncio.wait([joining], timeout=LATE)
    if joining.done() and room.isconnected():
        await within(LEAVE, room.disconnect())


async def _quietly(work: Awaitable[Any]) -> Exception | None:
    """The error instead of a raise: whoever gave up on the work need not hear of it."""
    try:
        await work
    except Exception as error:
        return error
    return None


def _socket(url: str) -> str:
    return f"ws{url[4:]}" if url.startswith(("http://", "https://")) else url
