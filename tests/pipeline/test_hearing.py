"""The agent's ear."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.pipeline.hearing import LEAST, LIMIT, RATE, Ear


def tone(seconds: float, rate: int) -> bytes:
    """A low tone that survives any resampling."""
    moments = np.arange(int(seconds * rate)) / rate
    return (np.sin(2 * np.pi * 200 * moments) * 9000).astype(np.int16).tobytes()


async def drain(ear: Ear) -> list[bytes]:
    """All frames until the end of the stream."""
    ear.close()
    return [bytes(frame.data) async for frame in ear]


async def test_pieces_are_heard_as_they_come() -> None:
    """Layercode's 112 ms stay 112 ms, in order and without a gap: nothing waits for more."""
    ear = Ear()
    sound = tone(1.12, RATE)
    for start in range(0, len(sound), 3584):
        ear.hear(sound[start : start + 3584], RATE)
    frames = await drain(ear)
    assert {len(frame) for frame in frames} == {3584}
    assert b"".join(frames) == sound


async def test_small_pieces_are_joined() -> None:
    """A client that sends 10 ms at a time costs no more than one that sends 40."""
    ear = Ear()
    sound = tone(1.0, RATE)
    for start in range(0, len(sound), 320):
        ear.hear(sound[start : start + 320], RATE)
    frames = await drain(ear)
    assert {len(frame) for frame in frames} == {LEAST * 2}
    assert b"".join(frames) == sound


@pytest.mark.parametrize("rate", [8000, 24000, 44100, 48000])
async def test_every_rate_is_heard_at_16_khz(rate: int) -> None:
    """A tone keeps its length and its loudness, whatever the microphone's rate."""
    ear = Ear()
    sound = tone(2.0, rate)
    for start in range(0, len(sound), 1000):
        ear.hear(sound[start : start + 1000], rate)
    heard = np.frombuffer(b"".join(await drain(ear)), dtype=np.int16).astype(float)
    assert abs(heard.size - 2 * RATE) < RATE // 8
    loudness = np.sqrt(np.mean(heard[RATE // 4 : -RATE // 4] ** 2))
    assert abs(loudness - 9000 / np.sqrt(2)) < 200


async def test_a_pipeline_that_is_behind_loses_the_oldest() -> None:
    """Five seconds may wait; of seven the first two are lost and counted."""
    ear = Ear()
    sound = tone(7.0, RATE)
    for start in range(0, len(sound), 3200):
        ear.hear(sound[start : start + 3200], RATE)
    heard = b"".join(await drain(ear))
    assert heard == sound[-LIMIT * 2 :]
    assert ear.dropped == 2 * RATE


async def test_after_the_end_nothing_is_heard() -> None:
    """A closed ear is deaf, and the stream of an empty one ends."""
    ear = Ear()
    assert await drain(ear) == []
    ear.hear(tone(1.0, RATE), RATE)
    assert await drain(ear) == []


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=300), max_size=20), st.sampled_from([8000, 16000]))
def test_any_pcm_is_heard(pieces: list[bytes], rate: int) -> None:
    """Noise of any even length raises nothing."""
    import asyncio

    async def hear() -> None:
        ear = Ear()
        for piece in pieces:
            ear.hear(piece[: len(piece) & ~1], rate)
        await drain(ear)

    asyncio.run(hear())
