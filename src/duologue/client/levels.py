"""How loud sound is, for whoever draws it."""

from __future__ import annotations

import array
import math
import operator
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

from duologue.client.road import SoundSource

PER_SECOND: Final = 20
"""Levels that a meter tells."""
SILENCE: Final = -100.0
"""Decibels that stand for no sound at all."""


class Level(NamedTuple):
    """How loud a twentieth of a second was, in decibels below full scale."""

    rms: float
    peak: float


class Meter:
    """Tells how loud sound is, 20 times for each second of it."""

    def __init__(self, tell: Callable[[Level], Any] | None = None) -> None:
        self.level = Level(SILENCE, SILENCE)
        """The latest."""
        self._tell = tell
        self._rest = b""

    def hear(self, pcm: bytes, rate: int) -> None:
        """Takes the next sound."""
        size = rate // PER_SECOND * 2
        pcm = self._rest + pcm
        whole = len(pcm) // size * size
        self._rest = pcm[whole:]
        for start in range(0, whole, size):
            self.level = level(pcm[start : start + size])
            if self._tell is not None:
                self._tell(self.level)


class Metered:
    """A source that lets a meter hear what it gives."""

    def __init__(self, source: SoundSource, meter: Meter) -> None:
        self.rate = source.rate
        self._source = source
        self._meter = meter

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The source's sound."""
        async for pcm in self._source:
            self._meter.hear(pcm, self.rate)
            yield pcm

    async def aclose(self) -> None:
        """Lets the source go."""
        await self._source.aclose()


def level(pcm: bytes) -> Level:
    """How loud PCM16 is: its mean and its loudest sample."""
    samples = array.array("h", pcm[: len(pcm) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    if not samples:
        return Level(SILENCE, SILENCE)
    power = sum(map(operator.mul, samples, samples)) / len(samples)
    return Level(_decibels(math.sqrt(power)), _decibels(max(max(samples), -min(samples))))


def _decibels(value: float) -> float:
    return max(SILENCE, 20 * math.log10(value / 32768)) if value > 0 else SILENCE
