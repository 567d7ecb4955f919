"""Keeps recordings in order: finishes what a killed server left, moves, deletes, sweeps.

Everything is tried again a minute later, by whichever process comes to it: the store says what is
to be done, and doing it twice does no harm.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection

from duologue.errors import DuologueError
from duologue.pipeline.opus import length_of
from duologue.store import recordings
from duologue.store.database import Database
from duologue.store.recordings import AT_ONCE, BUCKET, Recording
from duologue.store.shelf import Shelf

log = structlog.get_logger(__name__)
Query = Callable[[Connection, str], list[Recording]]

EVERY: Final = 60.0
"""Seconds between two rounds."""
SOON: Final = 5.0
"""The same while something waits to be finished."""
QUIET: Final = 10.0
"""Seconds without a change after which nobody writes a file any more."""
ORPHANED: Final = 3600.0
"""Seconds after which a file that the store does not know is nobody's."""
_OURS: Final = re.compile(r"[0-9a-f]{32}-[0-9a-f]{8}\.ogg")


class Archive:
    """Goes round the shelf."""

    def __init__(
        self,
        db: Database,
        shelf: Shelf,
        writing: Callable[[str], bool] = lambda path: False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._db = db
        self._writing = writing
        self._shelf = shelf
        self._now = now
        self._swept_at = now()
        self._erases_from = self._moves_from = ""
        """Behind which recording a round begins: what failed last comes last."""
        self._woken = asyncio.Event()
        self._going: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begins to go round."""
        self._going = asyncio.create_task(self._go())

    def wake(self) -> None:
        """Goes round now: something is to be done."""
        self._woken.set()

    async def close(self) -> None:
        """Goes round no more; what was not done is done at the next start."""
        if self._going is not None:
            self._going.cancel()
            await asyncio.wait([self._going])
            self._going = None

    async def tidy(self) -> bool:
        """Does what there is to do; whether more of it waits for a moment."""
        waits = await self._finish()
        await self._erase()
        if self._now() - self._swept_at > ORPHANED:
            await self._sweep()
            self._swept_at = self._now()
        return await self._move() or waits

    # ------------------------------------------------------------ within

    async def _go(self) -> None:
        while True:
            waits = False
            self._woken.clear()
            try:
                waits = await self.tidy()
            except Exception:
                log.exception("recordings not tidied")
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON if waits else EVERY):
                    await self._woken.wait()

    async def _finish(self) -> bool:
        """Finishes what is open though its run is over: its server was killed."""
        waits, after = False, ""
        while found := await self._db.read(recordings.abandoned, after):
            for org_id, one in found:
                if not self._writing(one.path):
                    waits |= await self._finished(org_id, one)
            after = found[-1][1].id
        return waits

    async def _finished(self, org_id: str, one: Recording) -> bool:
        """Finishes one; whether that waits for a moment."""
        try:
            found = await asyncio.to_thread(_measured, self._shelf.file(one.path))
        except OSError as error:
            log.error("recording not finished", recording=one.id, error=str(error))
            return False
        if found is None:
            return False  # it lies in the folder of another machine
        size, changed, length = found
        if self._now() - changed < QUIET:
            return True
        if length is None:
            await self._db.write(recordings.discard, org_id, one.id)
            log.warning("recording has no sound", recording=one.id)
        else:
            await self._db.write(recordings.finish, org_id, one.id, duration_ms=length, size=size)
            log.info("recording finished after its server was killed", recording=one.id)
        return False

    async def _round(self, query: Query, start: str) -> AsyncIterator[Recording]:
        """All that a query finds, page by page: from behind `start` on, and then the others."""
        after = start
        while found := await self._db.read(query, after):
            for one in found:
                yield one
            after = found[-1].id
        after = ""
        while start and (found := await self._db.read(query, after)):
            for one in found:
                if one.id > start:
                    return
                yield one
            after = found[-1].id

    async def _erase(self) -> None:
        """Deletes the sound of discarded recordings."""
        away: set[str] = set()
        gone: list[str] = []
        start, self._erases_from = self._erases_from, ""
        async for one in self._round(recordings.discarded, start):
            if await self._deleted(one.path, away):
                gone.append(one.id)
            else:
                self._erases_from = self._erases_from or one.id
            if len(gone) == AT_ONCE:
                await self._db.write(recordings.erased, gone)
                gone = []
        if gone:
            await self._db.write(recordings.erased, gone)

    async def _deleted(self, path: str, away: set[str]) -> bool:
        """Deletes a sound, here and there; a bucket that failed once is not asked again."""
        address = self._shelf.afar(path)
        bucket = urlsplit(address).netloc
        try:
            if not path.startswith(BUCKET):
                await asyncio.to_thread(self._shelf.file(path).unlink, missing_ok=True)
        except OSError as error:
            log.error("recording not deleted", recording=path, error=str(error))
            return False
        if bucket in away:
            return False
        try:
            if address:
                await self._shelf.delete(address)
        except (OSError, DuologueError) as error:
            log.error("recording not deleted", recording=path, error=str(error))
            away.add(bucket)
            return False
        return True

    async def _move(self) -> bool:
        """Moves what is whole into the bucket, where there is one; whether there may be more."""
        if self._shelf.bucket is None:
            return False
        moved = 0
        start, self._moves_from = self._moves_from, ""
        async for one in self._round(recordings.unmoved, start):
            try:
                address = await self._shelf.move(one.path)
            except FileNotFoundError:
                continue  # it lies in the folder of another machine
            except OSError as error:
                log.error("recording not moved", recording=one.id, error=str(error))
                self._moves_from = one.id
                return False  # the others may well fail, too; the next round begins with them
            if not await self._db.write(recordings.moved, one.id, address):
                await self._deleted(address, set())  # it was deleted meanwhile
            await self._deleted_here(one.path)
            moved += 1
            if moved == AT_ONCE:  # what is to be deleted does not wait for all of them
                self._moves_from = one.id
                return True
        return False

    async def _deleted_here(self, path: str) -> None:
        with suppress(OSError):
            await asyncio.to_thread(self._shelf.file(path).unlink, missing_ok=True)

    async def _sweep(self) -> None:
        """Deletes files that the store does not know: their server was killed too early."""
        files = await asyncio.to_thread(_ours, self._shelf.folder)
        names, known = list(files), set[str]()
        for start in range(0, len(names), AT_ONCE):
            known |= await self._db.read(recordings.known, names[start : start + AT_ONCE])
        if len(names) > 1 and not known:
            reason = "the database knows none of them: is it the right one?"
            folder = str(self._shelf.folder)
            log.error("recordings not swept", folder=folder, files=len(names), reason=reason)
            return
        for name in names:
            if name not in known and self._now() - files[name] > ORPHANED:
                await self._deleted_here(name)
                log.info("nobody's recording deleted", file=name)


def _measured(file: Path) -> tuple[int, float, int | None] | None:
    """How large it is, when it changed, and how long it sounds; none where there is no file."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_size, stat.st_mtime, length_of(file)


def _ours(folder: Path) -> dict[str, float]:
    """The names of our files there, and when each changed."""
    found = {}
    with suppress(FileNotFoundError):
        for file in folder.iterdir():
            with suppress(FileNotFoundError):
                if _OURS.fullmatch(file.name):
                    found[file.name] = file.stat().st_mtime
    return found
