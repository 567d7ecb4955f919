"""Sound in and out of a session: all of its sources, sinks and meters by one name.

A source is anything with `rate` and chunks of PCM16 mono (`road.SoundSource`): a microphone, a
file, samples in memory, a stream. A sink is what a `Player` plays on: a speaker, a recording.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from duologue.client.devices import Microphone as Microphone
from duologue.client.devices import Speaker as Speaker
from duologue.client.errors import MediaError
from duologue.client.levels import Level as Level
from duologue.client.levels import Meter as Meter
from duologue.client.levels import Metered as Metered
from duologue.client.player import HalfDuplex as HalfDuplex
from duologue.client.player import Player as Player
from duologue.client.player import Several as Several
from duologue.client.player import Sink as Sink
from duologue.client.player import play as play
from duologue.client.road import Road, SoundSource
from duologue.client.sounds import Recording as Recording
from duologue.client.sounds import Samples as Samples
from duologue.client.sounds import SoundFile as SoundFile
from duologue.client.sounds import SoundStream as SoundStream


def source_of(given: Any, rate: int = 0) -> SoundSource:
    """A source of whatever can be one: `True` is this machine's microphone, a path a WAV file.

    Bytes, arrays and async iterators need the rate of their samples.
    """
    if given is True:
        return Microphone()
    if isinstance(given, str | Path):
        return SoundFile(given)
    if hasattr(given, "rate") and hasattr(given, "aclose"):
        found: SoundSource = given
        return found
    if rate <= 0:
        raise MediaError(f"Sound as {type(given).__name__} needs its rate: say rate=16000.")
    if hasattr(given, "__anext__") or hasattr(given, "__aiter__"):
        return SoundStream(given, rate)
    return Samples(given, rate)


async def pump(source: SoundSource, road: Road) -> None:
    """Says all of a source over a road, which must have a microphone published, and closes it."""
    try:
        async for pcm in source:
            await road.hear(pcm, source.rate)
    finally:
        await source.aclose()
