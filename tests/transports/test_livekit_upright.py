"""Pictures that arrive lying."""

from __future__ import annotations

import numpy as np
import pytest
from livekit import rtc

from duologue.transports.livekit.upright import upright

RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)


def half_red(width: int = 8, height: int = 4) -> rtc.VideoFrame:
    """Red on the left, blue on the right."""
    pixels = np.empty((height, width, 4), dtype=np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = RED, BLUE
    return rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, pixels.tobytes())


@pytest.mark.parametrize(
    ("turns", "size", "red"),
    [(1, (4, 8), "top"), (2, (8, 4), "right"), (3, (4, 8), "bottom")],
)
def test_a_lying_picture_is_turned_clockwise(turns: int, size: tuple[int, int], red: str) -> None:
    """Brightness and colour alike: what was left is on top after a quarter."""
    turned = upright(half_red(), turns)
    assert (turned.width, turned.height) == size
    shown = turned.convert(rtc.VideoBufferType.RGBA)
    pixels = np.frombuffer(shown.data, dtype=np.uint8).reshape(size[1], size[0], 4).astype(int)
    redness = pixels[..., 0] - pixels[..., 2]
    sides = {"top": redness[0], "bottom": redness[-1], "right": redness[:, -1]}
    assert sides[red].min() > 150
    across = {"top": redness[-1], "bottom": redness[0], "right": redness[:, 0]}
    assert across[red].max() < -150


def test_one_that_stands_is_not_touched() -> None:
    """It is the very frame, of whatever kind it is."""
    frame = half_red()
    assert upright(frame, 0) is frame


def test_a_picture_of_odd_size_is_turned_whole() -> None:
    """Its colours have half as many rows and columns, rounded up."""
    turned = upright(half_red(7, 5).convert(rtc.VideoBufferType.I420), 1)
    assert (turned.width, turned.height) == (5, 7)
    assert len(turned.data) == 5 * 7 + 2 * 3 * 4
