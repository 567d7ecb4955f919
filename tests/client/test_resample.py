"""The client's own change of rates: level, aliasing, alignment, and chunks of any size."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from duologue.client.resample import Resampler

RATES = [(48000, 16000), (44100, 16000), (24000, 16000), (8000, 16000), (16000, 48000),
         (22050, 16000), (16000, 8000), (16000, 44100), (11025, 16000)]  # fmt: skip


def sine(frequency: float, rate: int, seconds: float = 0.5, level: float = 0.5) -> bytes:
    """A tone as PCM16."""
    moments = np.arange(int(rate * seconds)) / rate
    tone: bytes = (
        np.rint(np.sin(2 * np.pi * frequency * moments) * level * 32767).astype("<i2").tobytes()
    )
    return tone


def resampled(
    pcm: bytes, source: int, target: int, chunk: int = 1764
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """All of a sound at another rate, chunk by chunk."""
    resampler = Resampler(source, target)
    pieces = [resampler.take(pcm[at : at + chunk]) for at in range(0, len(pcm), chunk)]
    whole = b"".join([*pieces, resampler.flush()])
    return np.frombuffer(whole, dtype="<i2").astype(np.float64) / 32767


def rms(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The mean level, without the edges."""
    middle = samples[len(samples) // 8 : -len(samples) // 8]
    return float(np.sqrt(np.mean(middle**2)))


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_tone_keeps_its_level(source: int, target: int) -> None:
    """What both rates can hold comes out as loud as it went in, within a tenth of a decibel."""
    for share in (0.02, 0.3, 0.8):
        tone = sine(min(source, target) / 2 * share, source)
        assert rms(resampled(tone, source, target)) == pytest.approx(0.5 / np.sqrt(2), rel=0.012)


@pytest.mark.parametrize(("source", "target"), [pair for pair in RATES if pair[0] > pair[1]])
def test_what_the_smaller_rate_cannot_hold_does_not_come_back_as_another_tone(
    source: int, target: int
) -> None:
    """A tone above the band is more than 55 dB down."""
    for share in (1.05, 1.2, 1.9):
        frequency = target / 2 * share
        if frequency < source / 2:
            folded = rms(resampled(sine(frequency, source, level=0.9), source, target))
            assert folded < 0.9 / np.sqrt(2) * 10 ** (-55 / 20)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_sound_stays_in_step(source: int, target: int) -> None:
    """It is as soxr has it, sample for sample, so there is no delay and nothing is lost."""
    chirp = np.sin(2 * np.pi * 1500 * (np.arange(source // 2) / source) ** 2) * 16000
    expected = soxr.resample(chirp, source, target, quality="VHQ")
    found = resampled(chirp.astype("<i2").tobytes(), source, target) * 32767
    assert abs(len(found) - len(expected)) <= 1
    both = min(len(found), len(expected)) - 200
    assert np.max(np.abs(found[200:both] - expected[200:both])) < 40


def test_chunks_do_not_matter() -> None:
    """One byte at a time, odd pieces or all at once: the same samples."""
    tone = sine(440, 44100, 0.05)
    whole = resampled(tone, 44100, 16000, chunk=len(tone))
    for chunk in (1, 3, 1000, 2049):
        assert np.array_equal(resampled(tone, 44100, 16000, chunk), whole)


def test_the_same_rate_changes_nothing() -> None:
    """Bytes pass, whole samples at a time."""
    resampler = Resampler(16000, 16000)
    assert [resampler.take(b"\1\2\3"), resampler.take(b"\4"), resampler.flush()] == [
        b"\1\2", b"\3\4", b"",
    ]  # fmt: skip


def test_after_its_end_another_sound_begins() -> None:
    """Nothing of the first is heard in the second."""
    resampler = Resampler(48000, 16000)
    resampler.take(sine(440, 48000, 0.1))
    resampler.flush()
    assert not any(resampler.take(bytes(9600)) + resampler.flush())


def test_full_scale_is_clipped_and_not_turned_around() -> None:
    """A square wave overshoots; its peaks stay at the limit."""
    square = np.where(np.sin(2 * np.pi * 100 * np.arange(24000) / 48000) >= 0, 32767, -32768)
    found = resampled(square.astype("<i2").tobytes(), 48000, 16000)
    signs = np.sign(found[(np.abs(found) > 0.9)])
    assert set(signs) == {1.0, -1.0}
    assert np.max(np.abs(found)) <= 32768 / 32767


def test_a_rate_that_no_device_has_is_refused_by_its_value() -> None:
    """Who passes milliseconds for samples learns it here."""
    with pytest.raises(ValueError, match="4000 to 192000, not 20"):
        Resampler(20, 16000)
