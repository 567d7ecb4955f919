"""The line to duologue's socket: opened once, it comes back until somebody means to end it.

Its states, what a close means and how long to wait are `core.line`, as in the browser.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from duologue.client.road import Ticket
from duologue.client.socket_dial import Refusal, dial, understood
from duologue.core.line import State, after_close, after_refusal, delay, gives_up, step

log = logging.getLogger(__name__)

Renew = Callable[[Ticket], Awaitable[Ticket]]
"""Asks for a fresh ticket to the conversation of an old one, whose key opens nothing any more."""

SILENT: Final = 12.0
"""Seconds without a word of a server that beats every 5 s: then the line is dead."""
STEADY: Final = 5.0
"""A line that breaks sooner after it opened counts as the same break."""
ANSWER: Final = 20.0
"""Seconds that a new ticket may take."""
GOODBYE: Final = 2.0
BACKLOG: Final = 64_000
"""Bytes that may wait before sound is dropped: two seconds, later nobody wants to hear them."""
KEPT: Final = 256
"""Messages that wait for a broken line to come back; one more is refused."""
ABANDONED: Final = 4000
"""Our close code for a line that is given up: nobody left, and the server waits for us."""

_CLOSES: Final = {
    1000: ("ended", "The server closed the session."),
    1005: ("ended", "The server closed the session."),
    1009: ("too_large", "A message was too large for the server."),
    4001: ("replaced", "This conversation was opened in another place."),
    4002: ("ended", "The conversation was ended."),
    4003: ("insufficient_balance", "The balance is used up."),
    4004: ("revoked", "The key of this session was revoked."),
}


class Listener(Protocol):
    """Who is told what the line does; nothing of it may wait."""

    def opened(self, ticket: Ticket) -> None:
        """The line is open, for the first time or again."""

    def frame(self, frame: str | bytes) -> None:
        """Something came."""

    def broke(self) -> None:
        """The line broke, and is tried again."""

    def down(self, code: str, message: str) -> None:
        """The line is down for good, and not because we left."""


class Line:
    """One socket after the other, as long as the conversation may go on."""

    def __init__(
        self,
        listener: Listener,
        renew: Renew | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.state: State = "idle"
        self.why: tuple[str, str] | None = None
        """What the server said last about itself: why it closes, if it does."""
        self._listener = listener
        self._renew = renew
        self._now = now
        self._chance = chance
        self.ticket: Ticket | None = None
        """What the present socket was opened with."""
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._out: deque[tuple[str | bytes, bool]] = deque()
        self._news = asyncio.Event()
        self._sent = asyncio.Condition()
        self._waiting = 0
        self._attempt = 0
        self._broken_at = 0.0
        self._opened_at = 0.0

    # ---------------------------------------------------------------- opening and leaving

    async def open(self, ticket: Ticket) -> None:
        """Opens the line, or raises the `Refusal`."""
        self.state = step(self.state, "connect")
        try:
            socket = await dial(ticket)
        except Refusal:
            self.state = step(self.state, "failed")
            raise
        except asyncio.CancelledError:
            self.state = step(self.state, "leave")
            raise
        self._begin(socket, ticket)
        self._task = asyncio.create_task(self._live(socket, ticket))

    async def leave(self) -> None:
        """Closes the line for good, within bounds, after what waits was sent."""
        if self.state in ("connected", "reconnecting"):
            self.state = step(self.state, "leave")
        socket, task = self._socket, self._task
        self._task = None
        if socket is not None:
            with contextlib.suppress(TimeoutError, ConnectionClosed):
                async with asyncio.timeout(GOODBYE):
                    await self.drained()
                    await socket.close(1000)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait([task])

    # ---------------------------------------------------------------- sending

    def send(self, frame: str | bytes, *, keep: bool = False) -> bool:
        """Sends a frame; with `keep` one that finds no open line waits for the next.

        Tells whether it is on its way, or will be.
        """
        open_ = self.state == "connected"
        if not open_ and not (keep and self._kept < KEPT):
            return False
        self._put((frame, keep))
        return True

    def sound(self, pcm: bytes) -> None:
        """Sends sound, unless the line is so slow that it would come too late."""
        if self.state == "connected" and self._waiting < BACKLOG:
            self._put((pcm, False))

    async def drained(self) -> None:
        """Waits until what was sent left this machine, or the line broke."""
        async with self._sent:
            await self._sent.wait_for(lambda: not self._out or self._socket is None)

    @property
    def _kept(self) -> int:
        return sum(1 for _, keep in self._out if keep)

    def _put(self, entry: tuple[str | bytes, bool]) -> None:
        self._out.append(entry)
        self._waiting += len(entry[0])
        self._news.set()

    # ---------------------------------------------------------------- living

    def _begin(self, socket: ClientConnection, ticket: Ticket) -> None:
        self.ticket, self._socket = ticket, socket
        self.state = step(self.state, "opened")
        self.why = None
        self._opened_at = self._now()
        # What the listener says first goes out before what waited.
        waited, self._out = self._out, deque()
        self._listener.opened(ticket)
        self._out.extend(waited)

    async def _live(self, socket: ClientConnection, ticket: Ticket) -> None:
        while True:
            code = await self._serve(socket, "resume" in ticket.config.get("capabilities", ()))
            self._socket = None
            await self._spill()
            if self.state != "connected":
                return
            if after_close(code) != "dropped":
                self._down(code)
                return
            if self._attempt == 0 or self._now() - self._opened_at >= STEADY:
                self._attempt, self._broken_at = 0, self._now()
            self.state = step(self.state, "dropped")
            self._listener.broke()
            found = await self._again(ticket)
            if found is None:
                return
            socket, ticket = found
            self._begin(socket, ticket)

    async def _serve(self, socket: ClientConnection, beats: bool) -> int:
        """Reads and writes until the line ends; gives the close code, 1006 for one that died."""
        writer = asyncio.create_task(self._write(socket))
        try:
            while True:
                frame = await self._next(socket, SILENT if beats else None)
                self._heard(frame)
        except TimeoutError:
            await _abandon(socket)
            return 1006
        except ConnectionClosed:
            return socket.close_code or 1006
        finally:
            writer.cancel()
            await asyncio.wait([writer])

    async def _next(self, socket: ClientConnection, patience: float | None) -> str | bytes:
        try:
            async with asyncio.timeout(patience):
                return await socket.recv()
        except TimeoutError:
            # A machine that slept, or a loop that was busy, finds what came meanwhile here.
            async with asyncio.timeout(1.0):
                return await socket.recv()

    def _heard(self, frame: str | bytes) -> None:
        try:
            self._listener.frame(frame)
        except Exception:  # whoever listens has a fault of its own; the line has none
            log.exception("a listener of the session failed")

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            while self._out:
                frame, _ = self._out[0]
                try:
                    await socket.send(frame)
                except ConnectionClosed:
                    return  # the reader learns of it too
                self._out.popleft()
                self._waiting -= len(frame)
            async with self._sent:
                self._sent.notify_all()
            self._news.clear()
            await self._news.wait()

    async def _spill(self) -> None:
        """Keeps what means as much on the next line; the rest was for this one."""
        self._out = deque(entry for entry in self._out if entry[1])
        self._waiting = sum(len(frame) for frame, _ in self._out)
        async with self._sent:
            self._sent.notify_all()

    # ---------------------------------------------------------------- coming back

    async def _again(self, ticket: Ticket) -> tuple[ClientConnection, Ticket] | None:
        """The next socket: by the same key while the agent waits, by a fresh ticket after that."""
        fresh, at_least = False, 0.0
        while not gives_up(self._now() - self._broken_at):
            await asyncio.sleep(max(at_least, delay(self._attempt, self._chance())))
            self._attempt += 1
            try:
                if fresh and self._renew is not None:
                    async with asyncio.timeout(ANSWER):
                        ticket = await self._renew(ticket)
                socket = await dial(ticket)
            except Exception as error:  # a token source may be anybody's code
                refusal = understood(error)
            else:
                return socket, ticket
            at_least = refusal.retry_after
            meaning = after_refusal(refusal.status, refusal.code)
            if meaning == "retry" or (refusal.code == "session_open" and self._renew is None):
                continue
            if meaning == "failed" and not fresh and self._renew is not None:
                fresh = True
                continue
            self.state = step(self.state, "ended" if meaning == "ended" else "failed")
            self._listener.down(refusal.code, refusal.message)
            return None
        self.state = step(self.state, "failed")
        words = "The line broke, and the server could not be reached again in time."
        self._listener.down("line_lost", words)
        return None

    def _down(self, code: int) -> None:
        move = after_close(code)
        self.state = step(self.state, move)
        name, message = self.why or _CLOSES[code]
        self._listener.down(name, message)


async def _abandon(socket: ClientConnection) -> None:
    """Gives a line up that nobody answers on."""
    with contextlib.suppress(TimeoutError, WebSocketException, OSError):
        async with asyncio.timeout(GOODBYE / 4):
            await socket.close(ABANDONED)
    socket.transport.abort()
