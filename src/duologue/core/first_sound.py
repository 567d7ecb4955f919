"""The first sound of an encrypted voice: nothing of it is heard that could not be decrypted.

LiveKit's native library (1.1.21) begins to decrypt a moment after the first packets came. What came
before is decoded as if it were sound: noise as loud as can be, and whoever has the right key hears
all that follows too loud for half a second, for the decoder goes on from there. On one machine with
its server that befell every fourth voice.
"""

from __future__ import annotations

from array import array
from typing import Final

STALE: Final = 0.08
"""Seconds of sound that was decoded before the first packet that was decrypted comes through."""
SETTLING: Final = 0.8
"""Seconds after which a decoder has forgotten what it began with."""
LOUDEST: Final = 8000
"""The loudest sample until then; speech is seldom louder."""


class FirstSound:
    """Holds a voice back until it is known to be decrypted, and keeps its beginning down."""

    def __init__(self) -> None:
        self._readable = False
        self._passed = 0.0
        """Seconds of sound since it was readable."""

    def readable(self) -> None:
        """Something of this voice was decrypted, or its speaker proved to have our key."""
        self._readable = True

    def take(self, pcm: bytes, rate: int) -> bytes:
        """What may be heard of a piece of PCM16; empty for nothing."""
        if not self._readable:
            return b""
        if self._passed >= SETTLING:
            return pcm
        self._passed += len(pcm) / 2 / rate
        if self._passed <= STALE:
            return b""
        samples = array("h", pcm)
        peak = max(map(abs, samples), default=0)
        if peak <= LOUDEST:
            return pcm
        return array("h", [round(one * LOUDEST / peak) for one in samples]).tobytes()
