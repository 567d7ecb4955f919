"""A job's report as it comes in: its sound goes into a file piece by piece and is never held."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, Final

from multipart import (  # type: ignore[import-untyped]  # has no types
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from duologue.errors import DuologueError
from duologue.server.telling import Asked

MOST: Final = 50 * 1024 * 1024
"""Bytes that a recording may have: about four hours of Ogg/Opus."""
PATIENCE: Final = 900.0
"""Seconds in which a report must have arrived: as long as livekit-agents tries."""
_WORDS: Final = {"header": 1024 * 1024, "chat_history": 16 * 1024 * 1024}
"""Bytes that the parts beside the sound may have."""
_PART: Final = "incoming-*.part"
_STALE: Final = 3600
"""Seconds after which a part that nobody finished is nobody's: its server was killed."""
_MAGIC: Final = b"OggS"


class Incoming:
    """One report on its way in; `close` deletes whatever was not kept."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self.size = 0
        self._folder = folder
        self._keep = keep
        self._words = {name: bytearray() for name in _WORDS}
        self._file: BinaryIO | None = None
        self._path: Path | None = None

    @property
    def header(self) -> bytes:
        """The part that says whose report it is."""
        return bytes(self._words["header"])

    @property
    def history(self) -> bytes:
        """The part with all that was said; empty where there is none."""
        return bytes(self._words["chat_history"])

    async def receive(self, request: Asked) -> None:
        """Takes in the parts of a multipart body."""
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        if kind != "multipart/form-data" or not options.get("boundary"):
            reason = f"its content-type is {kind[:60]!r}; a report is multipart/form-data"
            raise DuologueError("bad_request", reason=reason)
        parser = PushMultipartParser(options["boundary"], max_segment_count=8)
        name = ""
        try:
            async with asyncio.timeout(PATIENCE):
                async for chunk in request.stream():
                    for event in parser.parse(chunk) if chunk else ():
                        if isinstance(event, MultipartSegment):
                            name = event.name
                        elif event:
                            await self._take(name, event)
            parser.close()
        except MultipartError as error:
            raise DuologueError("bad_request", reason=f"its parts: {error}") from None
        except TimeoutError:
            raise DuologueError("bad_request", reason=f"it took {PATIENCE:.0f} s") from None

    def settle(self, trace: str) -> str:
        """Gives the sound its name, on disk for good; empty where there is none."""
        if self._file is None or self._path is None:
            return ""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        path = self._folder / f"{trace}-{token_hex(4)}.ogg"
        self._path = self._path.rename(path)
        return path.name

    def kept(self) -> None:
        """Leaves the file where it is: the store knows it."""
        self._path = None

    def close(self) -> None:
        """Deletes what nobody knows; a second time does nothing."""
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    async def _take(self, name: str, piece: Any) -> None:
        if name in self._words:
            self._words[name] += piece
            if len(self._words[name]) > _WORDS[name]:
                raise DuologueError("too_large", limit=_WORDS[name])
        elif name == "audio" and self._keep:
            self.size += len(piece)
            if self.size > MOST:
                raise DuologueError("too_large", limit=MOST)
            await asyncio.to_thread(self._write, bytes(piece))

    def _write(self, piece: bytes) -> None:
        if self._file is None:
            if piece[:4] != _MAGIC[: len(piece)]:
                raise DuologueError("bad_request", reason="its recording is no Ogg")
            self._file = self._open()
        self._file.write(piece)

    def _open(self) -> BinaryIO:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in self._folder.glob(_PART):
            with suppress(OSError):
                if time.time() - old.stat().st_mtime > _STALE:
                    old.unlink()
        self._path = self._folder / _PART.replace("*", token_hex(8))
        return self._path.open("xb")
