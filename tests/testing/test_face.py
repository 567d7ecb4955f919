"""The drawn face of the test avatar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc

from duologue.testing.face import HEIGHT, WIDTH, draw, openness, read


@given(st.floats(0, 1))
def test_what_is_drawn_can_be_read(opened: float) -> None:
    """The mouth is as open as it was asked to be, within two rows of the picture."""
    assert abs(read(draw(opened)) - opened) <= 2 / 40


def test_a_louder_sound_opens_the_mouth_further() -> None:
    """Silence shuts it, and full volume cannot open it further than wide."""
    tone = np.sin(np.arange(640) * 0.2)
    opened = [openness((tone * loud).astype("<i2").tobytes()) for loud in (0, 300, 3000, 30000)]
    assert opened[0] == 0.0
    assert opened == sorted(set(opened))
    assert opened[-1] == 1.0
    assert openness(b"") == 0.0


def test_the_face_survives_the_format_of_a_codec() -> None:
    """I420, as a room gives its pictures."""
    shown = draw(0.5).convert(rtc.VideoBufferType.I420)
    assert (shown.width, shown.height) == (WIDTH, HEIGHT)
    assert abs(read(shown) - 0.5) <= 0.1


def test_another_picture_is_no_face() -> None:
    """What is read of it would mean nothing."""
    dark = rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, bytes(WIDTH * HEIGHT * 4))
    with pytest.raises(ValueError, match="no face in a picture of 160 x 120"):
        read(dark)
