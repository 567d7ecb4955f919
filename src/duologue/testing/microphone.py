"""A microphone in real time: words that wait to be spoken, silence between them."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from duologue.testing.speech import Recording

CLOCK: Final = 16000
"""Samples a second of the clock that is passed in: the playback clock's."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What the microphone took in one of its frames."""

    at: int
    """Where its first sample was spoken, in samples of the playback clock."""
    pcm: bytes
    begins: int | None
    """Where something that was said is heard first, if that is in this frame."""


class Microphone:
    """Gives a frame each time that one is full; the first is full at the start."""

    def __init__(self, rate: int, frame: int) -> None:
        self.rate = rate
        self.frame = frame
        """Samples in one frame."""
        self.open = False
        """Whether sound leaves it; with push-to-talk only while the button is held."""
        self.due = 0
        """When the next frame is full, in samples of the playback clock."""
        self._silence = bytes(frame * 2)
        self._waiting: deque[tuple[bytes, int | None]] = deque()
        self._empty = asyncio.Event()
        self._empty.set()

    def restart(self, at: int, *, listening: bool) -> None:
        """Forgets the words that wait, and opens or closes."""
        self.open, self.due = listening, at
        self._waiting.clear()
        self._empty.set()

    async def speak(self, sound: Recording) -> None:
        """Queues the sound and waits until its last frame was given."""
        spoken, size = sound.at(self.rate), self.frame * 2
        frame, offset = divmod(spoken.audible_from, self.frame)
        self._empty.clear()
        for number, at in enumerate(range(0, len(spoken.pcm), size)):
            pcm = spoken.pcm[at : at + size].ljust(size, b"\0")
            self._waiting.append((pcm, offset if number == frame else None))
        await self._empty.wait()

    def take(self, now: int) -> list[Piece]:
        """The frames that became full until now; none while it is closed."""
        pieces = []
        while self.due <= now:
            at = self.due - self.frame * CLOCK // self.rate
            if self.open:
                pcm, offset = self._waiting.popleft() if self._waiting else (self._silence, None)
                begins = None if offset is None else at + offset * CLOCK // self.rate
                pieces.append(Piece(at, pcm, begins))
            self.due += self.frame * CLOCK // self.rate
        if self.open and not self._waiting:
            self._empty.set()
        return pieces
