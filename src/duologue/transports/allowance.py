"""What one client may send: sound about as fast as it is spoken, words and signs at a rate."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from duologue.core.bucket import Bucket
from duologue.wire.layercode import BadFrame

SOUND_SPEED: Final = 2.0
"""Seconds of sound a second: a client that catches up is heard, a flood is not."""
SOUND_AHEAD: Final = 5.0
WORDS_RATE: Final = 5.0
"""Typed messages and data a second, after a burst of `WORDS_BURST`."""
WORDS_BURST: Final = 50.0
SIGNS_RATE: Final = 30.0
"""All other messages a second, after a burst of `SIGNS_BURST`; a client that plays sends ten."""
SIGNS_BURST: Final = 150.0
WORDS_LENGTH: Final = 64 * 1024
SOUND_LENGTH: Final = 64 * 1024
"""Bytes of sound that one message may have: two seconds at 16 kHz, thirty frames of a client."""
BYTES_RATE: Final = 2.0 * 1024 * 1024
"""Bytes of all messages a second, after a burst of `BYTES_BURST`: files need the half of it."""
BYTES_BURST: Final = 8.0 * 1024 * 1024


class Allowance:
    """One client's; the same on every road."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._sound = Bucket(SOUND_SPEED, SOUND_AHEAD, clock)
        self._words = Bucket(WORDS_RATE, WORDS_BURST, clock)
        self._signs = Bucket(SIGNS_RATE, SIGNS_BURST, clock)
        self._bytes = Bucket(BYTES_RATE, BYTES_BURST, clock)

    def message(self, size: int) -> None:
        """Refuses a flood of bytes before anything of it is read."""
        if not self._bytes.take(size):
            raise BadFrame(f"more than {BYTES_RATE:.0f} bytes a second; send less")

    def piece(self, size: int) -> None:
        """Refuses a message with more sound than anybody says at once."""
        if size > SOUND_LENGTH:
            raise BadFrame(f"a message has at most {SOUND_LENGTH} bytes of sound, not {size}")

    def sound(self, seconds: float) -> bool:
        """Whether so much more sound is heard."""
        return self._sound.take(seconds)

    def sign(self) -> None:
        """Refuses a flood of small messages: each of them may stir the conversation."""
        if not self._signs.take(1):
            raise BadFrame(f"more than {SIGNS_RATE:g} small messages a second; send fewer")

    def words(self, length: int) -> None:
        """Refuses a message that is too long, or one too many: each costs an answer."""
        if length > WORDS_LENGTH:
            raise BadFrame(f"a message has at most {WORDS_LENGTH} characters, not {length}")
        if not self._words.take(1):
            raise BadFrame(f"more than {WORDS_RATE:g} messages a second; wait a little")
