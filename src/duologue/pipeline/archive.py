"""Keeps recordings in order: finishes what a killed server left, moves, deletes, sweeps.

Everything is tried again a minute later, by whichever process comes to it: the store says what is
to be done, and doing it twice does no harm.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from duologue.errors import DuologueError
from duologue.pipeline.opus import length_of
from duologue.store import recordings
from duologue.store.database import Database
from duologue.store.shelf import Shelf

log = structlog.get_logger(__name__)

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
        self._swept_at = 0.0
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
        waits |= await self._erase()
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
        waits = False
        for org_id, one in await self._db.read(recordings.abandoned):
            if self._writing(one.path):
                continue
            file = self._shelf.file(one.path)
            found = await asyncio.to_thread(_measured, file)
            if found is None:
                continue  # it lies in the folder of another machine
            size, changed, length = found
            if self._now() - changed < QUIET:
                waits = True
            elif length is None:
                await self._db.write(recordings.discard, org_id, one.id)
                log.warning("recording has no sound", recording=one.id)
            else:
                await self._db.write(
                    recordings.finish, org_id, one.id, duration_ms=length, size=size
                )
                log.info("recording finished after its server was killed", recording=one.id)
        return waits

    async def _erase(self) -> bool:
        """Deletes the sound of discarded recordings; whether there may be more of them."""
        found = await self._db.read(recordings.discarded)
        gone = [one.id for one in found if await self._deleted(one.path)]
        if gone:
            await self._db.write(recordings.erased, gone)
        return len(gone) == recordings.AT_ONCE

    async def _deleted(self, path: str) -> bool:
        try:
            await self._shelf.delete(path)
        except (OSError, DuologueError) as error:
            log.error("recording not deleted", recording=path, error=str(error))
            return False
        return True

    async def _move(self) -> bool:
        """Moves what is whole into the bucket, where there is one; whether there may be more."""
        if self._shelf.bucket is None:
            return False
        found = await self._db.read(recordings.unmoved)
        for one in found:
            try:
                address = await self._shelf.move(one.path)
            except FileNotFoundError:
                continue  # it lies in the folder of another machine
            except OSError as error:
                log.error("recording not moved", recording=one.id, error=str(error))
                return False  # the others would fail as well
            if not await self._db.write(recordings.moved, one.id, address):
                await self._deleted(address)  # it was deleted meanwhile
            await self._deleted_here(one.path)
        return len(found) == recordings.AT_ONCE

    async def _deleted_here(self, path: str) -> None:
        with suppress(OSError):
            await asyncio.to_thread(self._shelf.file(path).unlink, missing_ok=True)

    async def _sweep(self) -> None:
        """Deletes files that the store does not know: their server was killed too early."""
        names = await asyncio.to_thread(_stale, self._shelf.folder, self._now() - ORPHANED)
        for start in range(0, len(names), recordings.AT_ONCE):
            some = names[start : start + recordings.AT_ONCE]
            known = await self._db.read(recordings.known, some)
            for name in some:
                if name not in known:
                    await self._deleted_here(name)
                    log.info("nobody's recording deleted", file=name)


def _measured(file: Path) -> tuple[int, float, int | None] | None:
    """How large it is, when it changed, and how long it sounds; none where there is no file."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_size, stat.st_mtime, length_of(file)


def _stale(folder: Path, before: float) -> list[str]:
    found = []
    with suppress(FileNotFoundError):
        for file in folder.iterdir():
            with suppress(FileNotFoundError):
                if _OURS.fullmatch(file.name) and file.stat().st_mtime < before:
                    found.append(file.name)
    return found
