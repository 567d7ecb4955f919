"""What waits to be sent to one client: sound may be dropped, words never."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Final

SOUND_LIMIT: Final = 256 * 1024
"""Bytes of sound that may wait, about six seconds; beyond it the oldest goes."""
WORDS_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of words that may wait; a client that lets more pile up is closed."""

FILES_LIMIT: Final = 16
"""Files that may wait; more is as bad as too many words."""


class Overrun(Exception):
    """More words wait than a client may leave unread."""


class SendQueue:
    """Frames in order; what may be dropped is dropped oldest first."""

    def __init__(self) -> None:
        self._frames: deque[tuple[str | bytes, bool]] = deque()
        self._files: deque[Iterator[str]] = deque()
        self._sound = 0
        self._words = 0
        self._arrived = asyncio.Event()
        self._closed = False
        self.dropped = 0
        """Frames of sound that a slow client lost."""

    def put(self, frame: str | bytes, *, sound: bool) -> None:
        """Adds a frame; `Overrun` when words pile up."""
        if sound:
            self._sound += len(frame)
            self._frames.append((frame, True))
            while self._sound > SOUND_LIMIT:
                self._drop_oldest_sound()
        else:
            self._words += len(frame)
            self._frames.append((frame, False))
            if self._words > WORDS_LIMIT:
                raise Overrun
        self._arrived.set()

    def put_first(self, frame: str) -> None:
        """Adds words before everything that waits."""
        self._words += len(frame)
        self._frames.appendleft((frame, False))
        self._arrived.set()

    def put_file(self, frames: Iterator[str]) -> None:
        """Adds a file, whose frames leave when nothing else waits."""
        if len(self._files) >= FILES_LIMIT:
            raise Overrun
        self._files.append(frames)
        self._arrived.set()

    def silence(self) -> None:
        """Drops all sound that waits: the client was told to be quiet."""
        self._frames = deque(entry for entry in self._frames if not entry[1])
        self._sound = 0

    def clear(self) -> None:
        """Drops everything that waits."""
        self._frames.clear()
        self._files.clear()
        self._sound = self._words = 0

    def close(self) -> None:
        """What waits is still taken; after it comes the end."""
        self._closed = True
        self._arrived.set()

    async def take(self) -> str | bytes | None:
        """The next frame, or none at the end."""
        while not self._frames:
            if self._files:
                if (piece := next(self._files[0], None)) is not None:
                    return piece
                self._files.popleft()
                continue
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        frame, sound = self._frames.popleft()
        if sound:
            self._sound -= len(frame)
        else:
            self._words -= len(frame)
        return frame

    def _drop_oldest_sound(self) -> None:
        for index, (frame, sound) in enumerate(self._frames):
            if sound:
                del self._frames[index]
                self._sound -= len(frame)
                self.dropped += 1
                return
