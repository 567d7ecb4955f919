"""Whose sound comes on the socket, and what the server is told of how much was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.virtual import run

from duologue.client.road import RoadEvent, SoundEnded, SoundReceived, SoundStopped
from duologue.client.socket_answers import STUCK, Answers
from duologue.wire import extensions as ext
from duologue.wire import layercode as wire

SECOND = bytes(32000)


class Desk:
    """Answers in virtual time, what they told here, and what they told the server."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.events: list[RoadEvent] = []
        self.sent: list[Any] = []
        self.cut: list[str] = []
        self.open = True
        self.on_event: Callable[[RoadEvent], None] = lambda event: None
        self.answers = Answers(self._tell, self._send, self.cut.append, lambda: loop.time() + 100)

    def _tell(self, event: RoadEvent) -> None:
        self.events.append(event)
        self.on_event(event)

    def _send(self, message: Any) -> bool:
        if self.open:
            self.sent.append(message)
        return self.open

    @property
    def positions(self) -> list[tuple[str, float]]:
        """Every `client.played`, rounded."""
        return [
            (m.turn_id, round(m.played_ms)) for m in self.sent if isinstance(m, ext.ClientPlayed)
        ]

    @property
    def ends(self) -> list[tuple[str, str | None, float]]:
        """Every end that was told: how, of which turn, where."""
        return [
            (m.reason, m.turn_id, round(m.played_ms or 0))
            for m in self.sent
            if isinstance(m, wire.ReplayFinished)
        ]

    @property
    def kinds(self) -> list[str]:
        """What was told here, by name."""
        return [type(event).__name__ for event in self.events]


def in_time(test: Callable[[Desk], Any]) -> Desk:
    """Runs a test with a desk in virtual time."""

    async def whole() -> Desk:
        desk = Desk()
        await test(desk)
        desk.answers.close()
        return desk

    return run(whole())


def test_an_answer_that_nobody_plays_takes_its_time() -> None:
    """Positions every tenth of a second, its end when it would have been heard, and not before."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND[:16000], None)
        await asyncio.sleep(0.3)
        desk.answers.sound(SECOND[:16000], None)
        desk.answers.sent("a1")
        assert desk.ends == []
        await asyncio.sleep(1)

    desk = in_time(test)
    assert desk.kinds == ["SoundReceived", "SoundReceived", "SoundEnded"]
    places = [ms for _, ms in desk.positions]
    assert places == sorted(places)
    assert places[:3] == [100, 200, 300]
    assert places[-1] == 1000
    assert desk.ends == [("completed", "a1", 1000)]
    assert desk.cut == []


def test_sound_belongs_to_the_turn_that_began_last_and_is_open() -> None:
    """A message without sound may come and go while another turn sounds."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        desk.answers.begin("chat")
        desk.answers.sent("chat")
        desk.answers.ended("chat")
        desk.answers.sound(SECOND, None)
        desk.answers.sent("a1")
        await asyncio.sleep(3)

    desk = in_time(test)
    assert desk.ends == [("completed", "chat", 0), ("completed", "a1", 2000)]
    assert desk.kinds == ["SoundReceived", "SoundReceived", "SoundEnded"]
    assert desk.cut == []


def test_who_is_a_little_behind_hears_the_rest_of_what_was_not_cut() -> None:
    """Somebody else who shares the conversation may be at its end sooner."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        desk.answers.sent("a1")
        await asyncio.sleep(0.25)
        desk.answers.ended("a1", whole=True)
        await asyncio.sleep(3)

    desk = in_time(test)
    assert desk.ends == [("completed", "a1", 1000)]
    assert desk.kinds == ["SoundReceived", "SoundEnded"]
    assert desk.cut == []


def test_a_turn_of_the_user_cuts_what_sounds_and_what_would_have() -> None:
    """The player is stopped, the server told where; later sound of a cut turn is dropped."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        await asyncio.sleep(0.25)
        desk.answers.cut()
        desk.answers.cut()
        desk.answers.sound(SECOND, None)
        desk.answers.sent("a1")
        desk.answers.ended("a1")
        await asyncio.sleep(2)

    desk = in_time(test)
    assert desk.kinds == ["SoundReceived", "SoundStopped"]
    assert desk.ends == [("interrupted", "a1", 250)]
    assert desk.positions[-1] == ("a1", 250)
    assert desk.cut == ["a1"]


def test_a_turn_that_has_not_sounded_yet_is_cut_too() -> None:
    """Its words must not pass for heard."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.cut()
        desk.answers.sound(SECOND, None)

    desk = in_time(test)
    assert (desk.cut, desk.kinds) == (["a1"], [])


def test_the_player_is_believed_before_the_clock() -> None:
    """Its word counts for positions and for the end; what it never got is not counted."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        desk.answers.sent("a1")
        for step in range(1, 12):
            await asyncio.sleep(0.1)
            desk.answers.played(max(0.0, step / 10 - 0.05))
            desk.answers.played(0.0)
        desk.answers.played(7.0)
        await asyncio.sleep(0.2)
        desk.answers.played(1.0)

    desk = in_time(test)
    assert 950 in [ms for _, ms in desk.positions]
    assert desk.ends == [("completed", "a1", 1000)]


def test_the_player_says_where_it_was_while_it_is_stopped() -> None:
    """The word that it gives on `SoundStopped` is the one that the server gets."""

    async def test(desk: Desk) -> None:
        def stopped(event: RoadEvent) -> None:
            if isinstance(event, SoundStopped):
                desk.answers.played(0.18)

        desk.on_event = stopped
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        await asyncio.sleep(0.1)
        desk.answers.played(0.05)
        await asyncio.sleep(0.15)
        desk.answers.cut()

    assert in_time(test).ends == [("interrupted", "a1", 180)]


def test_a_player_that_gets_stuck_does_not_stop_the_conversation() -> None:
    """After a while the clock takes over, and the answer ends."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        desk.answers.sent("a1")
        await asyncio.sleep(0.1)
        for _ in range(20):
            desk.answers.played(0.1)
            await asyncio.sleep(STUCK / 10)

    assert in_time(test).ends == [("completed", "a1", 1000)]


def test_the_next_answer_begins_at_its_own_beginning() -> None:
    """Positions are those of a turn, and a new turn's sound ends the one before."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        await asyncio.sleep(0.3)
        desk.answers.begin("a2")
        desk.answers.sound(SECOND, None)
        await asyncio.sleep(0.15)

    desk = in_time(test)
    assert desk.ends == [("interrupted", "a1", 300)]
    assert ("a2", 100) in desk.positions
    assert desk.kinds == ["SoundReceived", "SoundStopped", "SoundReceived"]


def test_the_server_ends_a_turn_that_sounds_by_cutting_it() -> None:
    """It knows best; a turn that was heard to its end is only over."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        await asyncio.sleep(0.1)
        desk.answers.ended("a1")
        desk.answers.begin("a2")
        desk.answers.sound(SECOND[:3200], None)
        desk.answers.sent("a2")
        await asyncio.sleep(0.3)
        desk.answers.ended("a2")

    desk = in_time(test)
    assert desk.cut == ["a1"]
    assert desk.ends == [("interrupted", "a1", 100), ("completed", "a2", 100)]


def test_a_broken_line_is_told_afterwards_how_far_it_was() -> None:
    """It could not be told before; nothing sounds meanwhile."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        await asyncio.sleep(0.25)
        desk.open = False
        desk.answers.broke()
        await asyncio.sleep(2)
        desk.open, desk.sent = True, []
        desk.answers.reopened()
        desk.answers.reopened()

    desk = in_time(test)
    assert desk.kinds == ["SoundReceived", "SoundStopped"]
    assert (desk.positions, desk.ends) == ([("a1", 250)], [])


def test_what_the_server_knows_is_not_told_again_after_a_break() -> None:
    """An answer that was heard to its end is over."""

    async def test(desk: Desk) -> None:
        desk.answers.begin("a1")
        desk.answers.sound(SECOND[:3200], None)
        desk.answers.sent("a1")
        await asyncio.sleep(0.5)
        desk.answers.broke()
        desk.sent = []
        desk.answers.reopened()

    assert in_time(test).sent == []


def test_sound_that_nobody_wants_is_not_told_but_takes_its_time() -> None:
    """A session without a loudspeaker is a listener all the same."""

    async def test(desk: Desk) -> None:
        desk.answers.wanted = False
        desk.answers.begin("a1")
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, "a1")
        desk.answers.sound(SECOND, "a9")
        await asyncio.sleep(0.2)
        desk.answers.cut()

    desk = in_time(test)
    assert (desk.kinds, desk.ends) == (["SoundStopped"], [("interrupted", "a1", 200)])


def test_a_server_that_wants_no_positions_gets_none() -> None:
    """A stock server knows `replay_finished` only."""

    async def test(desk: Desk) -> None:
        desk.answers.tells = False
        desk.answers.begin("a1")
        desk.answers.sound(SECOND, None)
        desk.answers.sent("a1")
        await asyncio.sleep(2)

    desk = in_time(test)
    assert (desk.positions, desk.ends) == ([], [("completed", "a1", 1000)])
    assert [type(e) for e in desk.events] == [SoundReceived, SoundEnded]
