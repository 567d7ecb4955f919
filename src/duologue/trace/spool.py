"""What another machine has not taken yet, kept on disk: it outlives the process that said it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from duologue.trace.entries import Entry
from duologue.trace.sending import Forbidden
from duologue.trace.sinks import Refused, Sink
from duologue.trace.spool_book import Book, Locked

log = logging.getLogger("duologue.trace")

FIRST_PAUSE: Final = 0.5
"""Seconds before a batch is sent again; each later pause is twice as long."""
LONGEST_PAUSE: Final = 60.0
"""Seconds between tries at most, and at once where the other side does not let us in."""
HANGS: Final = 10.0
"""Seconds after which the other side has failed that has not answered."""
NAMES: Final = 3
"""How many new files are tried."""
CLOSING: Final = 4.0
"""Seconds in which a closing spool still sends."""


class Spooled:
    """A remote sink that loses nothing to an outage or a kill.

    Every batch is on disk, in a file of this process in `folder`, before it is sent, and leaves it
    when the other side has taken it. What a process leaves behind the next one sends, whichever it
    is: a file is locked while its process lives. Beyond `most` bytes the oldest batches go, and
    are counted.
    """

    remote = True

    def __init__(self, sink: Sink, folder: str | Path, *, most: int = 64_000_000) -> None:
        self.name = sink.name
        self.content = sink.content
        self.arrived = 0
        """Entries of this process that were sent."""
        self.lost = 0
        """Entries that were refused, or that had no room on the disk."""
        self.replayed = 0
        """Entries of earlier processes that were sent."""
        self._sink = sink
        self._folder = Path(folder)
        self._most = most
        # Two addresses are two spools: what one has not taken is not the other's.
        where = hashlib.sha256(str(getattr(sink, "where", "")).encode()).hexdigest()[:8]
        self._prefix = f"{sink.name}-{where}-"
        self._own: Book | None = None
        self._inherited: list[Book] = []
        self._something = asyncio.Event()
        self._failed = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._encoder = msgspec.msgpack.Encoder(enc_hook=str)
        self._decoder = msgspec.msgpack.Decoder(list[Entry])
        self._left = (0, 0)
        self._refusal = ""

    @property
    def spooled(self) -> int:
        """Entries that lie on disk, those of earlier processes included."""
        if self._own is None:
            return sum(self._left)
        return self._own.entries + sum(book.entries for book in self._inherited)

    async def open(self) -> None:
        """Begins to send, first what earlier processes left."""
        await self._opened()

    async def write(self, batch: Sequence[Entry]) -> None:
        """Keeps a batch on disk; it is sent meanwhile."""
        body = self._encoder.encode(batch)
        own = await self._opened()
        self.lost += await asyncio.to_thread(own.put, body, len(batch))
        self._something.set()

    async def close(self) -> None:
        """Sends what it still can in four seconds; the rest stays for the next process."""
        task, self._task = self._task, None
        try:
            if task is not None:
                await self._last(task)
        finally:
            if self._own is not None:
                own, self._own = self._own, None
                self._left = (own.entries, sum(book.entries for book in self._inherited))
                for book in (own, *self._inherited):
                    book.close()
                self._inherited.clear()
            await self._sink.close()

    async def _opened(self) -> Book:
        """This process's file, with its sender at work."""
        if self._own is None:
            self._own = await asyncio.to_thread(self._open)
        if self._task is None:
            self._task = asyncio.create_task(self._send(), name=f"spool to {self.name}")
        return self._own

    def _open(self) -> Book:
        """Makes this process's file, and takes over those that nobody holds any more."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(self._folder.glob(f"{self._prefix}*.sqlite3")):
            try:
                book = Book(path, self._most)
            except Locked:
                continue
            except sqlite3.DatabaseError as broken:
                log.warning("%s cannot be read and is put aside: %s", path, broken)
                with contextlib.suppress(OSError):
                    path.rename(path.with_suffix(".broken"))
                continue
            self._inherited.append(book)
        for _ in range(NAMES):
            name = f"{self._prefix}{os.getpid()}-{os.urandom(4).hex()}.sqlite3"
            with contextlib.suppress(Locked):  # by one that starts with us, and looks for leftovers
                return Book(self._folder / name, self._most)
        raise Locked(str(self._folder))

    async def _last(self, task: asyncio.Task[None]) -> None:
        """Lets it send until all is sent, something fails, or the time is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + CLOSING
        self._failed.clear()
        self._hurry.set()
        try:
            while self.spooled and not self._failed.is_set() and loop.time() < until:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self._failed.wait()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _send(self) -> None:
        """Sends batch after batch for as long as it lives."""
        pause = FIRST_PAUSE
        while True:
            self._something.clear()
            found = await asyncio.to_thread(self._next)
            if found is None:
                await self._something.wait()
                continue
            book, key, batch = found
            try:
                async with asyncio.timeout(HANGS):
                    await self._sink.write(batch)
            except Refused as error:
                lost = len(batch) if error.lost is None else error.lost
                if str(error) != self._refusal:  # else it is said again with every batch
                    self._refusal = str(error)
                    log.warning("%s refused %d entries: %s", self.name, lost, error)
                if book is self._own:
                    self.lost += lost
                    self.arrived += len(batch) - lost
            except Exception as error:
                if not self._failed.is_set():
                    reason = str(error) or type(error).__name__
                    log.warning("%s does not take entries, which are kept: %s", self.name, reason)
                self._failed.set()
                pause = LONGEST_PAUSE if isinstance(error, Forbidden) else pause
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._hurry.wait()
                self._hurry.clear()
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            else:
                if book is self._own:
                    self.arrived += len(batch)
                else:
                    self.replayed += len(batch)
            if self._failed.is_set():
                log.info("%s takes entries again", self.name)
                self._failed.clear()
            pause = FIRST_PAUSE
            await asyncio.to_thread(book.done, key)

    def _next(self) -> tuple[Book, int, list[Entry]] | None:
        """The oldest batch of this process, then of those before it."""
        for book in [self._own, *self._inherited]:
            while book is not None and (first := book.first()) is not None:
                key, body = first
                try:
                    return book, key, self._decoder.decode(body)
                except msgspec.DecodeError as broken:
                    log.warning("A batch in %s cannot be read and is left out: %s", book, broken)
                    self.lost += book.done(key)
        for book in self._inherited:
            book.close()
        self._inherited.clear()
        return None
