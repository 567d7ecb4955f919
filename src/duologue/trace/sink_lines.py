"""What is told, as lines of JSON in a file: one line, one entry."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from duologue.trace.entries import Entry


class LinesSink:
    """Appends every entry to a file as one line of JSON; a file that was passed in stays open."""

    name = "lines"
    remote = False
    content = True

    def __init__(self, file: str | Path | BinaryIO) -> None:
        self._own = isinstance(file, str | Path)
        if isinstance(file, str | Path):
            path = Path(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("ab")
        else:
            self._file = file
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    async def write(self, batch: Sequence[Entry]) -> None:
        """Writes a batch, and hands it to the system before it returns."""
        text = self._encoder.encode_lines(batch)
        await asyncio.to_thread(self._append, text)

    async def close(self) -> None:
        """Closes the file that it opened."""
        if self._own:
            await asyncio.to_thread(self._file.close)

    def _append(self, text: bytes) -> None:
        self._file.write(text)
        self._file.flush()
