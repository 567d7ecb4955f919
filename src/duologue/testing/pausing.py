"""The own client's local pause: it listens to the caller before the server can have heard them."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from duologue.core.onset import Onset
from duologue.testing.features import HOP, RATE, SILENCE, WINDOW, Features, features

CALM: Final = RATE // 4
"""Samples after the end of a voice that was nothing, after which the agent goes on."""
LONGEST: Final = RATE * 6 // 5
"""Samples after which the agent goes on, if the server does not say that the user has the floor."""


class LocalPause:
    """Follows the microphone, hop by hop, and says when the loudspeaker pauses and goes on."""

    def __init__(self) -> None:
        self._onset = Onset()
        self._window = np.zeros(WINDOW)
        self._paused_at: int | None = None
        self._calm_at: int | None = None

    def over(self) -> None:
        """The turn was dropped, or is over: there is nothing to go on with."""
        self._paused_at = self._calm_at = None

    def hop(self, pcm: bytes, now: int, *, sounding: bool) -> Literal["paused", "resumed"] | None:
        """Takes 256 samples at 16 kHz that were spoken until now, while the agent sounds or not."""
        hop = np.frombuffer(pcm, "<i2")
        if hop.size != HOP:
            raise ValueError(f"a hop has {HOP} samples, not {hop.size}")
        self._window = np.concatenate((self._window[HOP:], hop / 32768))
        # Most of a call is silence; there is nothing to be measured in it.
        found = features(self._window) if self._window.any() else Features(SILENCE, 0.0)
        heard = self._onset.hop(*found, playing=sounding)
        if heard == "began" and sounding:
            self._paused_at, self._calm_at = now, None
            return "paused"
        if self._paused_at is None:
            return None
        if heard == "began":
            self._calm_at = None
        if heard == "ended":
            self._calm_at = now
        calm = self._calm_at is not None and now - self._calm_at >= CALM
        if not calm and now - self._paused_at < LONGEST:
            return None
        self.over()
        return "resumed"
