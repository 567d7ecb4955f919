"""The agent's sound on its way to a sink, in virtual time, and what is told of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.virtual import run

from duologue.client.errors import NotConnected
from duologue.client.player import HalfDuplex, Player, Several, play
from duologue.client.road import Noticed, SoundEnded, SoundReceived, SoundStopped
from duologue.client.sounds import Recording
from duologue.core.playback import PlaybackClock

SECOND = SoundReceived(bytes(32000), 16000)


class Loudspeaker:
    """A sink that plays in virtual time."""

    def __init__(self) -> None:
        self.clock = PlaybackClock(16000)
        self.done: list[str] = []

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return asyncio.get_running_loop().time()

    @property
    def heard(self) -> float:
        """Seconds that were played."""
        return self.clock.position(self.now) / 16000

    def play(self, pcm: bytes, rate: int) -> None:
        """Takes sound."""
        self.clock.send(len(pcm) * 16000 // 2 // rate, self.now)

    def stop(self) -> None:
        """Drops the rest."""
        self.clock.hold(self.now)
        self.clock.rewind(self.clock.position(self.now))
        self.done.append("stop")

    def end(self) -> None:
        """Notes the end of an answer."""
        self.done.append("end")

    def close(self) -> None:
        """Notes the end."""
        self.done.append("close")


def told(
    test: Callable[[Player, Loudspeaker], Any], monkeypatch: pytest.MonkeyPatch
) -> list[float]:
    """What a player says of its position during a test, in virtual time."""
    words: list[float] = []

    async def whole() -> None:
        monkeypatch.setattr(time, "monotonic", asyncio.get_running_loop().time)
        sink = Loudspeaker()
        player = Player(sink, lambda seconds: words.append(round(seconds, 3)))
        await test(player, sink)
        player.close()

    run(whole())
    return words


def test_the_road_is_told_ten_times_a_second_how_far_an_answer_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Up to its end exactly, and then no more."""

    async def test(player: Player, sink: Loudspeaker) -> None:
        player.take(SECOND)
        player.take(SoundEnded())
        player.take(Noticed("nothing", "of the player's"))
        await asyncio.sleep(5)
        assert sink.done == ["end"]

    words = told(test, monkeypatch)
    assert words == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_the_next_answer_is_told_from_its_own_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it comes while the one before still sounds: that is not counted for it."""

    async def test(player: Player, sink: Loudspeaker) -> None:
        player.take(SECOND)
        player.take(SoundEnded())
        await asyncio.sleep(0.75)
        player.take(SECOND)
        player.take(SoundEnded())
        await asyncio.sleep(5)
        player.take(SECOND)
        await asyncio.sleep(0.25)

    words = told(test, monkeypatch)
    assert words[:7] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert words[7:9] == [0.1, 0.2]
    assert words[-3:] == [1.0, 0.1, 0.2]


def test_stopping_tells_where_it_was_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what comes after it begins anew."""

    async def test(player: Player, sink: Loudspeaker) -> None:
        player.take(SECOND)
        await asyncio.sleep(0.25)
        player.take(SoundStopped())
        player.take(SoundStopped())
        await asyncio.sleep(2)
        player.take(SECOND)
        await asyncio.sleep(0.15)

    assert told(test, monkeypatch) == [0.1, 0.2, 0.25, 0.1]


def test_silence_is_measured_from_the_last_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing while it sounds, endless before it ever did."""
    quiet: list[float] = []

    async def test(player: Player, sink: Loudspeaker) -> None:
        quiet.append(player.quiet_for)
        player.take(SECOND)
        player.take(SoundEnded())
        for _ in range(3):
            await asyncio.sleep(0.75)
            quiet.append(round(player.quiet_for, 2))
        player.take(SECOND)
        await asyncio.sleep(0.5)
        player.take(SoundStopped())
        await asyncio.sleep(0.2)
        quiet.append(round(player.quiet_for, 2))

    told(test, monkeypatch)
    assert quiet[0] > 1e9
    assert quiet[1] == 0.0
    assert quiet[2:] == [pytest.approx(0.5, abs=0.12), pytest.approx(1.25, abs=0.12), 0.2]


def test_a_session_is_played_until_the_player_is_closed(tmp_path: Path) -> None:
    """By its own events; its `played` is told, unless it has just ended."""

    class Session:
        def __init__(self) -> None:
            self.callbacks: dict[str, Any] = {}
            self.words: list[float] = []
            self.open = True

        def on(self, name: str, callback: Any) -> Callable[[], None]:
            self.callbacks[name] = callback
            return lambda: self.callbacks.pop(name, None)

        def played(self, seconds: float) -> None:
            if not self.open:
                raise NotConnected("session.played()")
            self.words.append(seconds)

    async def whole() -> Session:
        session = Session()
        sink = Loudspeaker()
        player = play(session, sink)
        assert player.sink is sink
        session.callbacks["sound"](SECOND)
        await asyncio.sleep(0.15)
        session.callbacks["sound_ended"]()
        session.callbacks["sound_stopped"]()
        session.open = False
        session.callbacks["sound"](SECOND)
        await asyncio.sleep(0.5)
        assert sink.done == ["end", "stop"]
        player.close()
        player.close()
        return session

    session = run(whole())
    assert session.callbacks == {}
    assert session.words == [pytest.approx(0.1), pytest.approx(0.15)]


def test_several_sinks_are_played_as_one(tmp_path: Path) -> None:
    """The first one's position counts."""

    async def whole() -> list[list[str]]:
        first, second = Loudspeaker(), Loudspeaker()
        both = Several(first, second, Recording(tmp_path / "out.wav"))
        both.play(SECOND.pcm, 16000)
        await asyncio.sleep(0.5)
        assert both.heard == first.heard == second.heard == 0.5
        both.stop()
        both.end()
        both.close()
        return [first.done, second.done]

    assert run(whole()) == [["stop", "end", "close"]] * 2
    assert (tmp_path / "out.wav").exists()


def test_half_duplex_is_silent_while_the_agent_sounds_and_a_moment_longer() -> None:
    """As long as a room echoes; sound keeps its length."""

    class Source:
        rate = 16000
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for number in range(1, 5):
                yield bytes([number]) * 4

        async def aclose(self) -> None:
            self.closed = True

    quiet = iter([float("inf"), 0.0, 0.29, 0.3])

    async def whole() -> list[bytes]:
        source = Source()
        gated = HalfDuplex(source, lambda: next(quiet))
        assert gated.rate == 16000
        found = [pcm async for pcm in gated]
        await gated.aclose()
        assert source.closed
        return found

    assert run(whole()) == [b"\1" * 4, bytes(4), bytes(4), b"\4" * 4]
