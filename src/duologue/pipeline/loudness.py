"""How loud sound is, as a share of what ears can stand."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

FLOOR: Final = 60.0
"""Decibels below full scale that count as nothing."""


class Loudness:
    """The loudest piece since it was last asked for."""

    def __init__(self) -> None:
        self._loudest = 0.0

    def add(self, pcm: bytes) -> None:
        """Takes a piece of PCM16 mono."""
        samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32)
        if samples.size:
            self._loudest = max(self._loudest, float(np.mean(samples * samples)))

    def take(self) -> float:
        """From 0 to 1, even steps as ears have them; what comes later counts anew."""
        loudest, self._loudest = self._loudest, 0.0
        if not loudest:
            return 0.0
        decibels = 10 * math.log10(loudest) - 20 * math.log10(32768)
        return round(min(1.0, max(0.0, 1 + decibels / FLOOR)), 2)
