"""How loud both sides are: what closes a microphone, and what opens it again."""

from __future__ import annotations

from collections.abc import AsyncIterator

from duologue.cli.ear import FADES, Earpiece, Loudness, Mouthpiece
from duologue.client.errors import MediaError
from duologue.client.levels import SILENCE
from duologue.testing import speech

RATE = 16000


def tone(seconds: float) -> bytes:
    """Somebody speaks."""
    return speech.tone(seconds, rate=RATE).pcm


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class Sink:
    """A loudspeaker whose place a test sets."""

    def __init__(self, *, broken: bool = False) -> None:
        self.heard = 0.0
        self.calls: list[str] = []
        self._broken = broken

    def play(self, pcm: bytes, rate: int) -> None:
        """Takes sound, unless it is broken."""
        if self._broken:
            raise MediaError("It is broken.")
        self.calls.append("play")

    def stop(self) -> None:
        """Notes it."""
        self.calls.append("stop")

    def end(self) -> None:
        """Notes it."""
        self.calls.append("end")

    def close(self) -> None:
        """Notes it."""
        self.calls.append("close")


def refuse(error: MediaError) -> None:
    """Nothing may fail."""
    raise error


def test_a_level_fades_when_nothing_follows() -> None:
    """What was loud a while ago is silence now; when it was is remembered."""
    clock = Clock()
    loudness = Loudness(clock)
    assert loudness.level == SILENCE
    assert loudness.hear(tone(0.1))
    assert not loudness.hear(bytes(3200))
    assert loudness.last == 100.0
    assert loudness.hear(tone(0.1))
    assert loudness.level > -20
    clock.now += FADES + 0.01
    assert loudness.level == SILENCE
    assert loudness.last == 100.0


def test_a_room_that_sounds_of_nothing_opens_the_microphone() -> None:
    """Quiet is counted from the last word that was heard, though silence goes on and on."""
    clock, sink = Clock(), Sink()
    ear = Earpiece(sink, Loudness(clock), refuse, clock)
    assert ear.quiet_for > 1000
    ear.play(tone(1), RATE)
    assert ear.quiet_for == 0
    ear.play(bytes(RATE * 2), RATE)
    sink.heard, clock.now = 0.9, 101
    assert ear.quiet_for == 0
    sink.heard, clock.now = 1.0, 102
    assert ear.quiet_for == 1
    ear.play(bytes(RATE * 2), RATE)
    sink.heard, clock.now = 1.5, 103
    assert ear.quiet_for == 2
    ear.end()
    ear.close()
    assert sink.calls == ["play", "play", "play", "end", "close"]


def test_an_agent_that_is_cut_is_quiet_from_then_on() -> None:
    """What waited is never heard; one that was quiet already stays so."""
    clock, sink = Clock(), Sink()
    ear = Earpiece(sink, Loudness(clock), refuse, clock)
    ear.play(tone(10), RATE)
    sink.heard = 1
    ear.stop()
    clock.now += 2
    assert ear.quiet_for == 2
    ear.stop()
    assert ear.quiet_for == 2
    ear.play(tone(1), RATE)
    assert ear.quiet_for == 0
    sink.heard, clock.now = 2, 110
    assert 0 < ear.quiet_for <= 8


async def test_a_device_that_fails_is_told() -> None:
    """Of either side, and nothing else is harmed."""
    told: list[str] = []

    def failed(error: MediaError) -> None:
        told.append(error.message)

    Earpiece(Sink(broken=True), Loudness(), failed).play(tone(1), RATE)

    class Source:
        rate = RATE
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield tone(0.1)
            raise MediaError("It is gone.")

        async def aclose(self) -> None:
            self.closed = True

    source = Source()
    mouth = Mouthpiece(source, Loudness(), failed)
    assert [pcm async for pcm in mouth] == [tone(0.1)]
    await mouth.aclose()
    assert source.closed
    assert told == ["It is broken.", "It is gone."]
