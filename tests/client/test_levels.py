"""How loud sound is."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import numpy as np
import pytest

from duologue.client.levels import SILENCE, Level, Meter, Metered, level


def tone(amplitude: float, samples: int = 16000) -> bytes:
    """A tone of an amplitude of full scale."""
    wave = np.sin(np.arange(samples) * 2 * np.pi * 440 / 16000) * amplitude * 32768
    return bytes(np.clip(wave, -32768, 32767).astype("<i2").tobytes())


def test_levels_are_decibels_below_full_scale() -> None:
    """A sine is 3 dB less in the mean than at its peak."""
    for amplitude in (1.0, 0.5, 0.01):
        found = level(tone(amplitude))
        assert found.peak == pytest.approx(20 * math.log10(amplitude), abs=0.1)
        assert found.rms == pytest.approx(found.peak - 3.01, abs=0.1)


def test_silence_has_a_level_too() -> None:
    """So that whoever draws it needs no special case."""
    assert level(bytes(64)) == level(b"") == level(b"\1") == Level(SILENCE, SILENCE)
    assert level(b"\x00\x80").peak == 0.0


def test_a_meter_tells_20_levels_a_second() -> None:
    """Whatever the chunks are, at any rate."""
    for rate in (8000, 16000, 48000):
        told: list[Level] = []
        meter = Meter(told.append)
        sound = tone(0.5, rate)
        for start in range(0, len(sound), 999):
            meter.hear(sound[start : start + 999], rate)
        assert len(told) == 20
        assert meter.level == told[-1]


def test_a_meter_may_be_asked_instead() -> None:
    """It keeps the latest."""
    meter = Meter()
    assert meter.level == Level(SILENCE, SILENCE)
    meter.hear(tone(0.5), 16000)
    assert meter.level.peak == pytest.approx(-6.02, abs=0.1)


async def test_a_source_is_measured_on_its_way() -> None:
    """It gives what it gave, and is let go as it was."""

    class Once:
        rate = 16000
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield tone(0.5, 800)

        async def aclose(self) -> None:
            self.closed = True

    source, meter = Once(), Meter()
    measured = Metered(source, meter)
    assert [pcm async for pcm in measured] == [tone(0.5, 800)]
    assert (measured.rate, meter.level.peak > -7) == (16000, True)
    await measured.aclose()
    assert source.closed
