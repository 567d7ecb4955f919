"""The offline voice as a plugin: sound, usage, and threads that end."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from livekit.agents.metrics import TTSMetrics

from duologue.agents.demo.brain import count
from duologue.agents.voices.hibari import LEAD, RATE, HibariTTS, VoiceBox

pytestmark = pytest.mark.voice


async def test_it_speaks_and_counts_what_it_spoke() -> None:
    """Sound at 24 kHz without the model's long silence before it, and usage by characters."""
    box = VoiceBox()
    voice = HibariTTS(box)
    counted: list[TTSMetrics] = []
    voice.on("metrics_collected", counted.append)
    sound = await voice.synthesize("Hello. How are you?").collect()
    await asyncio.sleep(0)
    box.close()
    samples = np.frombuffer(sound.data, dtype="<i2")
    assert sound.sample_rate == RATE
    assert 1.0 < sound.duration < 3.0
    assert np.abs(samples[: LEAD * 2]).max() > 100
    assert [one.characters_count for one in counted] == [len("Hello. How are you?")]


async def test_counting_to_twenty_takes_its_time() -> None:
    """It is spoken for more than five seconds, so that somebody can interrupt it."""
    box = VoiceBox()
    sound = await HibariTTS(box).synthesize(count(1, 20)).collect()
    box.close()
    assert sound.duration > 5.0


async def test_voices_at_once_do_not_mix() -> None:
    """The same words give the same sound, whoever else is speaking."""
    box = VoiceBox()
    texts = ["Good morning.", "It is seven thirty.", "Goodbye!"] * 3
    sounds = await asyncio.gather(*(HibariTTS(box).synthesize(t).collect() for t in texts))
    box.close()
    assert len({(text, bytes(sound.data)) for text, sound in zip(texts, sounds, strict=True)}) == 3


async def test_what_cannot_be_pronounced_is_a_breath() -> None:
    """An answer of signs alone does not fail the turn."""
    box = VoiceBox()
    sound = await HibariTTS(box).synthesize("…").collect()
    box.close()
    assert sound.duration > 0
