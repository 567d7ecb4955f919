"""A drawn face: its mouth is as wide open as what it says is loud."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from livekit import rtc

from duologue.client.levels import level

WIDTH: Final = 160
HEIGHT: Final = 120
SHUT: Final = -50.0
"""The level, in decibels, of what opens no mouth."""
WIDE: Final = -10.0
"""The level that opens it as far as it goes."""

_MIDDLE: Final = (80, 60)
_ROUND: Final = 56
_MOUTH: Final = 84
"""The row around which the mouth opens."""
_LIP: Final = 22
"""Half of its width."""
_OPEN: Final = 20
"""Half of its height, wide open; shut it is not to be seen."""
_STEPS: Final = 40
_BACK, _SKIN, _DARK = (70, 90, 120), (235, 205, 175), (25, 15, 20)

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


def openness(pcm: bytes) -> float:
    """How far a mouth is open that says this, PCM16 mono: from 0 to 1."""
    return float(min(1.0, max(0.0, (level(pcm).rms - SHUT) / (WIDE - SHUT))))


def draw(opened: float) -> rtc.VideoFrame:
    """The face with its mouth open so far, from 0 to 1."""
    pixels = _pixels(round(min(1.0, max(0.0, opened)) * _STEPS))
    return rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, pixels.tobytes())


def read(frame: rtc.VideoFrame) -> float:
    """How far the mouth of a face is open, of whatever size it arrived; `ValueError` of no face."""
    rgba = rtc.VideoBufferType.RGBA
    shown = frame if frame.type == rgba else frame.convert(rgba)
    pixels = np.frombuffer(shown.data, dtype=np.uint8).reshape(shown.height, shown.width, 4)
    grey = pixels[..., :3].mean(axis=2)
    scale = shown.height / HEIGHT
    lips = slice(int((_MIDDLE[0] - 3) * scale), int((_MIDDLE[0] + 4) * scale))
    column = grey[:, lips].mean(axis=1)
    chin = column[int((_MIDDLE[1] - 20) * scale) : int((_MOUTH + _OPEN + 8) * scale)]
    if chin[0] < 150 or chin[-1] < 150:
        raise ValueError(f"there is no face in a picture of {shown.width} x {shown.height}")
    return min(1.0, float((chin < 110).sum()) / scale / (2 * _OPEN))


@cache
def _pixels(step: int) -> Pixels:
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    pixels: Pixels = np.empty((HEIGHT, WIDTH, 4), dtype=np.uint8)
    pixels[...] = (*_BACK, 255)
    _oval(pixels, rows, columns, _MIDDLE, _ROUND, _ROUND, _SKIN)
    for eye in (_MIDDLE[0] - 20, _MIDDLE[0] + 20):
        _oval(pixels, rows, columns, (eye, 44), 6, 6, _DARK)
    _oval(pixels, rows, columns, (_MIDDLE[0], _MOUTH), _LIP, _OPEN * step / _STEPS, _DARK)
    return pixels


def _oval(
    pixels: Pixels,
    rows: Any,
    columns: Any,
    middle: tuple[int, int],
    across: float,
    down: float,
    colour: tuple[int, int, int],
) -> None:
    if down > 0:
        inside = ((columns - middle[0]) / across) ** 2 + ((rows - middle[1]) / down) ** 2 <= 1
        pixels[inside] = (*colour, 255)
