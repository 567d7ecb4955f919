"""How much is allowed: what flows in at a rate, up to what the bucket holds."""

from __future__ import annotations

from collections.abc import Callable


class Bucket:
    """Full at first; the clock is passed in, in seconds."""

    def __init__(self, rate: float, size: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._size = size
        self._clock = clock
        self._level = size
        self._at = clock()

    def take(self, amount: float) -> bool:
        """Takes it if it is there; otherwise nothing is taken."""
        now = self._clock()
        self._level = min(self._size, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now
        if amount > self._level:
            return False
        self._level -= amount
        return True
