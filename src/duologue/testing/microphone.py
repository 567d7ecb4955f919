"""The stock SDK's microphone: 112 ms of 8 kHz in every message, silence between words."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from duologue.testing.speech import Recording

RATE: Final = 8000
FRAME: Final = 896
"""Samples in one message."""
FRAME_SECONDS: Final = FRAME / RATE
_SILENCE: Final = bytes(FRAME * 2)


class Microphone:
    """Gives a frame whenever it is asked: words that wait to be spoken, else silence."""

    def __init__(self) -> None:
        self.open = False
        """Whether sound leaves it; with push-to-talk only while the button is held."""
        self._waiting: deque[bytes] = deque()
        self._empty = asyncio.Event()
        self._empty.set()

    def restart(self, *, listening: bool) -> None:
        """Forgets the words that wait, and opens or closes."""
        self.open = listening
        self._waiting.clear()
        self._empty.set()

    async def speak(self, sound: Recording) -> None:
        """Queues the sound and waits until its last frame was given."""
        pcm = sound.at(RATE).pcm
        self._empty.clear()
        self._waiting.extend(
            pcm[at : at + FRAME * 2].ljust(FRAME * 2, b"\0") for at in range(0, len(pcm), FRAME * 2)
        )
        await self._empty.wait()

    def frame(self) -> bytes | None:
        """The next 112 ms; none while it is closed."""
        if not self.open:
            return None
        frame = self._waiting.popleft() if self._waiting else _SILENCE
        if not self._waiting:
            self._empty.set()
        return frame
