"""The first sound of an encrypted voice."""

from __future__ import annotations

import numpy as np

from duologue.core.first_sound import LOUDEST, SETTLING, STALE, FirstSound

RATE = 24_000
NOISE = np.full(480, 32767, dtype="<i2").tobytes()
SPEECH = np.array([0, 6000, -6000, 0] * 120, dtype="<i2").tobytes()
FRAME = 0.02


def after(voice: FirstSound, seconds: float) -> None:
    """So much sound goes through."""
    for _ in range(round(seconds / FRAME)):
        voice.take(SPEECH, RATE)


def test_nothing_is_heard_before_something_was_decrypted() -> None:
    """Not even after long: who has another key is silent for ever."""
    voice = FirstSound()
    assert [voice.take(NOISE, RATE) for _ in range(500)] == [b""] * 500


def test_what_was_decoded_before_is_not_heard_after() -> None:
    """It comes out of the decoder a moment later than the news."""
    voice = FirstSound()
    voice.readable()
    heard = [voice.take(NOISE, RATE) for _ in range(10)]
    silent = heard.index(next(filter(None, heard)))
    assert silent == round(STALE / FRAME)


def test_the_beginning_is_no_louder_than_speech() -> None:
    """A decoder that began with noise goes on too loud; what is like speech stays as it is."""
    voice = FirstSound()
    voice.readable()
    after(voice, STALE)
    loud = np.frombuffer(voice.take(NOISE, RATE), dtype="<i2")
    assert loud.size == 480
    assert int(loud.max()) == LOUDEST
    assert voice.take(SPEECH, RATE) == SPEECH
    least = np.full(480, -32768, dtype="<i2").tobytes()
    assert int(np.frombuffer(voice.take(least, RATE), dtype="<i2").min()) == -LOUDEST


def test_later_it_is_left_alone() -> None:
    """As loud as it may be; and a frame without a sample is one, too."""
    voice = FirstSound()
    voice.readable()
    after(voice, SETTLING)
    assert voice.take(NOISE, RATE) == NOISE
    begun = FirstSound()
    begun.readable()
    after(begun, STALE + FRAME)
    assert begun.take(b"", RATE) == b""
    assert begun.take(SPEECH, RATE) == SPEECH
