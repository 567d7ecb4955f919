"""How loud both sides of a call are, and when either was heard last."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final

from duologue.client.errors import MediaError
from duologue.client.levels import SILENCE, level

if TYPE_CHECKING:
    from duologue.client.player import Sink
    from duologue.client.road import SoundSource

LOUD: Final = -45.0
"""Decibels below full scale from which sound is somebody who speaks, and not a room."""
FADES: Final = 0.3
"""Seconds after which a level that nothing follows is silence."""
NEAR: Final = 0.005
"""Seconds that a resampler may keep to itself."""

Failed = Callable[[MediaError], None]


class Loudness:
    """What was heard of one side."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.last = -math.inf
        """When somebody was heard speaking last."""
        self._now = now
        self._level = SILENCE
        self._at = -math.inf

    @property
    def level(self) -> float:
        """Decibels below full scale, now."""
        return self._level if self._now() - self._at < FADES else SILENCE

    def hear(self, pcm: bytes) -> bool:
        """Takes the next sound; tells whether somebody speaks in it."""
        self._level, self._at = level(pcm).rms, self._now()
        if self._level > LOUD:
            self.last = self._at
        return self._level > LOUD


class Mouthpiece:
    """A source of sound whose loudness is known; a device that fails is told, not logged."""

    def __init__(self, source: SoundSource, loudness: Loudness, failed: Failed) -> None:
        self.rate = source.rate
        self._source = source
        self._loudness = loudness
        self._failed = failed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The source's sound."""
        try:
            async for pcm in self._source:
                self._loudness.hear(pcm)
                yield pcm
        except MediaError as error:
            self._failed(error)

    async def aclose(self) -> None:
        """Lets the source go."""
        await self._source.aclose()


class Earpiece:
    """A sink that knows whether the agent speaks in it: a room sounds all the time, if of nothing.

    So a microphone can be closed for exactly as long as it would hear the agent.
    """

    def __init__(
        self,
        sink: Sink,
        loudness: Loudness,
        failed: Failed,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink = sink
        self._loudness = loudness
        self._failed = failed
        self._now = now
        self._given = sink.heard
        """Where the sink will be when all that it was given was heard."""
        self._loud_to = self._given
        """Where it will be when the last of it was heard in which the agent speaks."""
        self._last = -math.inf

    @property
    def heard(self) -> float:
        """Seconds of sound that were heard."""
        return self._sink.heard

    @property
    def quiet_for(self) -> float:
        """Seconds since the agent was heard last; 0 while it is."""
        if self._sink.heard < self._loud_to - NEAR:
            self._last = self._now()
        return self._now() - self._last

    def play(self, pcm: bytes, rate: int) -> None:
        """Takes the next sound."""
        self._given = max(self._given, self._sink.heard) + len(pcm) / 2 / rate
        if self._loudness.hear(pcm):
            self._loud_to = self._given
        try:
            self._sink.play(pcm, rate)
        except MediaError as error:
            self._failed(error)

    def stop(self) -> None:
        """Drops what was not heard yet; the room still echoes what was."""
        silent = self.quiet_for > 0
        self._sink.stop()
        self._given = self._loud_to = self._sink.heard
        self._last = self._last if silent else self._now()

    def end(self) -> None:
        """Nothing more comes for now."""
        self._sink.end()

    def close(self) -> None:
        """Lets the sink go."""
        self._sink.close()
