"""Pages that go on: server-sent events for those who are signed in, as long as they are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.response import Stream

from duologue.access import console
from duologue.access.console import Reader
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.console_page import COOKIE, HEADERS
from duologue.server.head import BODILESS
from duologue.wire.live import Event

MOST: Final = 4
"""Streams of one reader: a browser has six lines to a server, and the buttons need one."""
BEAT: Final = 5.0
"""Seconds between two signs of life, and two looks at what nobody tells of."""
CHECK: Final = 20.0
"""Seconds between two looks at whether the reader is still signed in, as who they were."""
_HEADERS: Final = {**HEADERS, "content-type": "text/event-stream", "x-accel-buffering": "no"}

Piece = tuple[str, Any]
"""The name of an event and what it says."""
Show = Callable[[], Awaitable[Piece]]
"""All that a page shows, as it is now."""
Tell = Callable[[Event], Awaitable[list[Piece]]]
"""What one event says to a page."""
Beat = Callable[[], Awaitable[list[Piece]]]
"""What a page is told from time to time, without an event."""


class Streams:
    """Counts the streams of each reader."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def require_room(self, reader: Reader) -> None:
        """Refuses what would be one too many."""
        if self._open[reader.id] >= MOST:
            raise DuologueError("too_many_streams", limit=MOST)

    def enter(self, reader: Reader) -> None:
        """One more."""
        self._open[reader.id] += 1

    def leave(self, reader: Reader) -> None:
        """One less."""
        self._open[reader.id] -= 1
        if self._open[reader.id] <= 0:
            del self._open[reader.id]


def stream(
    request: Request[Any, Any, Any],
    host: Host,
    streams: Streams,
    reader: Reader,
    topic: str,
    *,
    show: Show,
    tell: Tell,
    beat: Beat,
) -> Stream | Response[bytes]:
    """Shows all first, then what happens, until the reader goes, is signed out, or we go."""
    streams.require_room(reader)
    if request.scope.get(BODILESS):
        return Response(b"", headers=_HEADERS)
    cookie = request.cookies.get(COOKIE, "")

    async def pieces() -> AsyncIterator[str]:
        # Here, and not before: of a page that is gone already nothing is ever asked.
        loop = asyncio.get_running_loop()
        checked = beaten = loop.time()
        streams.enter(reader)
        subscription = host.bell.subscribe(topic)
        try:
            yield _written(*await show())
            while not subscription.closed:
                event = await subscription.take(BEAT)
                if event is not None:
                    for name, said in await tell(event):
                        yield _written(name, said)
                now = loop.time()
                if now - checked >= CHECK:
                    checked = now
                    if not await still(host, cookie, reader):
                        yield _written("left", {})
                        return
                if event is None or now - beaten >= BEAT:
                    beaten = now
                    for name, said in await beat():
                        yield _written(name, said)
                    yield ": beat\n\n"
        except DuologueError as error:  # it is over, or was deleted: the page asks again
            yield _written("gone", {"code": error.code, "message": error.message})
        finally:
            subscription.close()
            streams.leave(reader)

    return Stream(pieces(), headers=_HEADERS)


def _written(name: str, said: Any) -> str:
    """One event; JSON holds no line ends."""
    return f"event: {name}\ndata: {msgspec.json.encode(said).decode()}\n\n"


async def still(host: Host, cookie: str, reader: Reader) -> bool:
    """Whether who looks is still who they were when they began."""
    try:
        who = await host.db.read(console.reader, cookie, host.clock())
    except DuologueError:
        return False
    return (who.id, who.org_id, who.role) == (reader.id, reader.org_id, reader.role)
