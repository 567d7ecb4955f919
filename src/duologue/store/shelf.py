"""The shelf of recordings: a folder of this machine and, where one is set, a bucket behind it.

A sound is written into the folder. Once it is whole it goes into the bucket, and its `path` is then
the address there, `s3://bucket/key`: so it is found again whatever the settings say by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

from duologue.store.bucket import Bucket
from duologue.store.recordings import BUCKET

PIECE: Final = 64 * 1024
"""Bytes that are read at once."""


class Shelf:
    """Reads, moves and deletes sounds, wherever they lie; all of it off the event loop."""

    def __init__(self, folder: Path, bucket: str = "") -> None:
        self.folder = folder
        self.bucket = Bucket(bucket) if bucket else None

    def file(self, path: str) -> Path:
        """The file in our folder that a path means."""
        return self.folder / Path(path).name

    async def size(self, path: str) -> int:
        """How many bytes there are now; `FileNotFoundError` where there is nothing."""
        if path.startswith(BUCKET):
            return await Bucket.of(path).size(path)
        return (await asyncio.to_thread(self.file(path).stat)).st_size

    async def open(self, path: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` until before `stop`; `FileNotFoundError` where there are none."""
        if path.startswith(BUCKET):
            return await Bucket.of(path).open(path, start, stop)
        return _pieces(await asyncio.to_thread(_at, self.file(path), start), stop - start)

    def afar(self, path: str) -> str:
        """Where in a bucket it lies, or may lie; nothing where there is none.

        What was on its way into the bucket, when its server was killed, may lie there, too.
        """
        if path.startswith(BUCKET):
            return path
        return "" if self.bucket is None else self.bucket.address(Path(path).name)

    async def move(self, path: str) -> str:
        """Copies a whole sound into the bucket, and tells its address there."""
        if self.bucket is None:
            raise RuntimeError("no bucket is set")
        return await self.bucket.put(self.file(path))

    async def delete(self, path: str) -> None:
        """Deletes a sound, wherever it may lie; one that is gone is no error."""
        if not path.startswith(BUCKET):
            await asyncio.to_thread(self.file(path).unlink, missing_ok=True)
        if address := self.afar(path):
            await Bucket.of(address).delete(address)


def _at(file: Path, start: int) -> BinaryIO:
    opened = file.open("rb")
    opened.seek(start)
    return opened


async def _pieces(file: BinaryIO, left: int) -> AsyncIterator[bytes]:
    with file:
        while left > 0 and (piece := await asyncio.to_thread(file.read, min(left, PIECE))):
            left -= len(piece)
            yield piece
