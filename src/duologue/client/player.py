"""The agent's sound on its way to a loudspeaker or a file, and what its echo must not do."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Protocol

from duologue.client.errors import NotConnected
from duologue.client.road import RoadEvent, SoundEnded, SoundReceived, SoundSource, SoundStopped
from duologue.client.signals import Callback, Unsubscribe

TICK: Final = 0.1
"""Seconds between two words about how much was played."""
AFTER: Final = 0.3
"""Seconds after the agent's last sound in which a room still echoes."""


class Sink(Protocol):
    """Where the agent's sound goes."""

    @property
    def heard(self) -> float:
        """Seconds of sound that were heard since the sink was made."""

    def play(self, pcm: bytes, rate: int) -> None:
        """Takes the next sound, PCM16 mono, to be heard after what waits."""

    def stop(self) -> None:
        """Drops what was not heard yet."""

    def end(self) -> None:
        """Nothing more comes for now: what waits is heard to its end."""

    def close(self) -> None:
        """Lets the device or file go; twice is no error."""


class Player:
    """Brings the agent's sound to a sink, and the sink's position back to the road.

    Give every event of a road to `take`, and the road's `played`; `play` does it for a session.
    """

    def __init__(self, sink: Sink, played: Callable[[float], None]) -> None:
        self._sink = sink
        self._played = played
        self._given = sink.heard
        """Where the sink will be when all that it was given was heard."""
        self._began: float | None = None
        """Where the present answer begins in the sink; none while none came."""
        self._ended = False
        self._last = -math.inf
        self._timer: asyncio.TimerHandle | None = None
        self.offs: list[Unsubscribe] = []
        """What the player undoes when it is closed."""

    @property
    def sink(self) -> Sink:
        """Where the sound goes."""
        return self._sink

    @property
    def quiet_for(self) -> float:
        """Seconds since the agent was heard last; 0 while it sounds."""
        if self._sounding:
            self._last = time.monotonic()
        return time.monotonic() - self._last

    def take(self, event: RoadEvent) -> None:
        """Plays sound, stops, or notes the end of an answer; other events change nothing."""
        match event:
            case SoundReceived(pcm, rate):
                if self._began is None or self._ended:
                    # Rates that are changed leave a sample's difference, which shall not add up.
                    self._given = self._given if self._sounding else self._sink.heard
                    self._began, self._ended = self._given, False
                self._given += len(pcm) / 2 / rate
                self._sink.play(pcm, rate)
                self._wake()
            case SoundEnded():
                self._ended = True
                self._sink.end()
                self._wake()
            case SoundStopped():
                self._sink.stop()
                self._last = time.monotonic()
                self._tell()
                self._given, self._began, self._ended = self._sink.heard, None, False
                self._rest()

    def close(self) -> None:
        """Stops, and lets the sink go; twice is no error."""
        for off in self.offs:
            off()
        self.offs.clear()
        self._rest()
        self._began = None
        self._sink.close()

    @property
    def _sounding(self) -> bool:
        # A resampler may keep the last millisecond to itself.
        return self._began is not None and self._sink.heard < self._given - 0.005

    def _tell(self) -> None:
        if self._began is None:
            return
        heard = self._sink.heard - self._began
        if heard >= 0:
            self._played(heard if self._sounding else self._given - self._began)

    def _wake(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        self._tell()
        if self._sounding:
            self._last = time.monotonic()
        if self._sounding or not self._ended:
            self._wake()


def play(session: Any, sink: Sink) -> Player:
    """Plays a session's agent on a sink, until the player is closed."""

    def played(seconds: float) -> None:
        with contextlib.suppress(NotConnected):  # the last word about one that has just ended
            session.played(seconds)

    player = Player(sink, played)
    hear: dict[str, Callback] = {
        "sound": player.take,
        "sound_stopped": lambda: player.take(SoundStopped()),
        "sound_ended": lambda: player.take(SoundEnded()),
    }
    player.offs = [session.on(name, callback) for name, callback in hear.items()]
    return player


class Several:
    """One sink of several: the first is the one whose position counts."""

    def __init__(self, first: Sink, *others: Sink) -> None:
        self._sinks = (first, *others)

    @property
    def heard(self) -> float:
        """Where the first one is."""
        return self._sinks[0].heard

    def play(self, pcm: bytes, rate: int) -> None:
        """Gives the sound to all of them."""
        for sink in self._sinks:
            sink.play(pcm, rate)

    def stop(self) -> None:
        """Stops all of them."""
        for sink in self._sinks:
            sink.stop()

    def end(self) -> None:
        """Tells all of them that nothing more comes for now."""
        for sink in self._sinks:
            sink.end()

    def close(self) -> None:
        """Closes all of them."""
        for sink in self._sinks:
            sink.close()


class HalfDuplex:
    """A source that is silent while the agent sounds, where the microphone would hear it."""

    def __init__(
        self, source: SoundSource, quiet_for: Callable[[], float], *, after: float = AFTER
    ) -> None:
        self.rate = source.rate
        self._source = source
        self._quiet_for = quiet_for
        self._after = after

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The source's sound, or as much silence."""
        async for pcm in self._source:
            yield pcm if self._quiet_for() >= self._after else bytes(len(pcm))

    async def aclose(self) -> None:
        """Lets the source go."""
        await self._source.aclose()
