"""What `core.onset` hears in a window of sound: how loud it is, and how voiced."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

RATE: Final = 16000
WINDOW: Final = 512
"""Samples at 16 kHz: 32 ms."""
HOP: Final = 256
SILENCE: Final = -100.0
"""The level of nothing, in dBFS."""

_SHORTEST: Final = RATE // 400
_LONGEST: Final = RATE // 80
"""Lags of 400 to 80 Hz: the pitch of people."""
_SWING: Final = -0.95
"""Below it, half a period turns the wave upside down: a beep, not a throat."""

Window = np.ndarray[tuple[int], np.dtype[np.float64]]


class Features(NamedTuple):
    """What a hop of the onset takes."""

    level: float
    """dBFS of the root mean square."""
    voicing: float
    """0 to 1: how well the wave repeats at the pitch of a voice; 0 for a pure tone."""


def features(window: Window) -> Features:
    """The level and the voicing of 512 samples between -1 and 1."""
    if window.size != WINDOW:
        raise ValueError(f"a window has {WINDOW} samples, not {window.size}; cut or collect it")
    power = float(np.mean(window**2))
    level = max(SILENCE, 10 * np.log10(power)) if power > 0 else SILENCE
    centred = window - window.mean()
    energy = np.concatenate(([0.0], np.cumsum(centred**2)))
    best, worst = 0.0, 0.0
    for lag in range(_SHORTEST, _LONGEST + 1):
        both = energy[WINDOW - lag] * (energy[WINDOW] - energy[lag])
        if both <= 1e-18:
            continue
        likeness = float(centred[: WINDOW - lag] @ centred[lag:]) / float(np.sqrt(both))
        best, worst = max(best, likeness), min(worst, likeness)
    return Features(float(level), 0.0 if worst < _SWING else min(best, 1.0))
