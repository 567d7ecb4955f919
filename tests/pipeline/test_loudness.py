"""How loud sound is."""

from __future__ import annotations

import numpy as np
import pytest

from duologue.pipeline.loudness import Loudness


def tone(share: float) -> bytes:
    """A square wave of that share of full scale."""
    return (np.sign(np.sin(np.arange(1600) / 5)) * share * 32767).astype(np.int16).tobytes()


@pytest.mark.parametrize(
    ("share", "expected"), [(1.0, 1.0), (0.1, 0.67), (0.01, 0.33), (0.0005, 0.0), (0.0, 0.0)]
)
def test_twenty_decibels_are_a_third(share: float, expected: float) -> None:
    """As ears have it; what is 60 below full scale is nothing."""
    loudness = Loudness()
    loudness.add(tone(share))
    assert loudness.take() == pytest.approx(expected, abs=0.02)


def test_the_loudest_piece_counts_and_only_once() -> None:
    """A short sound is seen; silence and nothing are the same."""
    loudness = Loudness()
    for share in (0.01, 0.1, 0.01):
        loudness.add(tone(share))
    loudness.add(b"")
    assert loudness.take() == pytest.approx(0.67, abs=0.02)
    assert loudness.take() == 0.0
