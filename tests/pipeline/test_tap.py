"""What those who watch a run are told, and that nothing is made for nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.pipeline.stage import stage

from duologue.bus.bell import all_of, one_of
from duologue.bus.here import HereBell
from duologue.bus.subscription import Subscription
from duologue.core import happenings as h
from duologue.pipeline.tap import Tap
from duologue.testing.models import ScriptedAnswers
from duologue.wire import live as wire

LOUD = (np.ones(1600) * 16384).astype(np.int16).tobytes()


class FakeRun:
    """A run as a tap asks it."""

    def __init__(self) -> None:
        self.state = "speaking"
        self.holder: wire.Holder | None = None
        self.said = {"t1": "One two three"}

    def words_of(self, turn: str) -> str:
        """What the agent said."""
        return self.said.get(turn, "")


async def events(subscription: Subscription) -> list[wire.Event]:
    """All that was told, until nothing more comes for a while."""
    found = []
    while (event := await subscription.take(0.7)) is not None:
        found.append(event)
    return found


async def until_over(subscription: Subscription) -> list[wire.Event]:
    """All that was told of a run, to its end."""
    found: list[wire.Event] = []
    async with asyncio.timeout(60):
        while not (found and isinstance(found[-1], wire.Over)):
            event = await subscription.take()
            assert event is not None
            found.append(event)
    return found


def tapped(*, words: bool = True) -> tuple[HereBell, FakeRun, Tap]:
    """A tap of a run, and its bus."""
    bell, run = HereBell(), FakeRun()
    tap = Tap(bell, "org", "conv", words=words)
    tap.follow(run)
    return bell, run, tap


async def test_words_grow_and_replace_each_other() -> None:
    """Of the user at once, of the agent put together for a moment."""
    bell, run, tap = tapped()
    with bell.subscribe(one_of("org", "conv")) as watcher:
        for happening in (
            h.UserInterim("u1", "what", 0),
            h.UserDelta("u1", "What now?", 0),
            h.UserInterim("u1", "I", 1),
            h.UserSaid("u1", "What now? I ask."),
            h.UserEnded("u1"),
            h.AgentText("t1", "One "),
            h.AgentText("t1", "two three"),
        ):
            tap.happened(happening)
        told = await events(watcher)
        run.said["t1"] = "One two three four."
        tap.happened(h.AgentText("t1", " four."))
        tap.happened(h.AgentSaid("t1", "One two three four."))
        tap.happened(h.AgentEnded("t1", interrupted=True))
        told += await events(watcher)
    assert told == [
        wire.Words("u1", "user", "what"),
        wire.Words("u1", "user", "What now?"),
        wire.Words("u1", "user", "What now? I"),
        wire.Words("u1", "user", "What now? I ask.", final=True),
        wire.Words("t1", "agent", "One two three"),
        wire.Words("t1", "agent", "One two three four.", final=True),
        wire.TurnEnded("t1", interrupted=True),
    ]


async def test_words_that_came_to_nothing_are_taken_back() -> None:
    """A cough that looked like a word."""
    bell, _, tap = tapped()
    with bell.subscribe(one_of("org", "conv")) as watcher:
        tap.happened(h.UserInterim("u1", "uh", 0))
        tap.happened(h.UserEnded("u1"))
        tap.happened(h.UserEnded("u2"))
        assert await events(watcher) == [
            wire.Words("u1", "user", "uh"),
            wire.Words("u1", "user", "", final=True),
        ]


async def test_what_else_happens_is_told() -> None:
    """States, tools, notices, clients, the end; of state and files nothing."""
    bell, _, tap = tapped()
    with bell.subscribe(one_of("org", "conv")) as watcher:
        tap.happened(h.StateChanged("thinking"))
        tap.happened(h.ToolUsed("book", "c1", "done"))
        tap.happened(h.Noticed("balance_low", "Soon."))
        tap.happened(h.StateShared("a", 1))
        tap.moved(2)
        tap.over("left")
        tap.happened(h.Ended("ended", "Gone."))
        assert await events(watcher) == [
            wire.Doing("thinking"),
            wire.Tool("book", "c1", "done"),
            wire.Told("balance_low", "Soon."),
            wire.Attached(2),
            wire.Over("left"),
        ]


async def test_levels_of_both_sides_rise_and_fall_back_to_nothing() -> None:
    """A level every fifth of a second while there is sound, and then one that says so."""
    bell, _, tap = tapped()
    with bell.subscribe(one_of("org", "conv")) as watcher:
        tap.heard(LOUD)
        tap.happened(h.AgentAudio("t1", bytes(3200)))
        assert await watcher.take(5) == wire.Levels(0.9, 0.0)
        assert await watcher.take(5) == wire.Levels(0.0, 0.0)
        tap.happened(h.AgentAudio("t1", LOUD))
        assert await watcher.take(5) == wire.Levels(0.0, 0.9)
        assert await events(watcher) == [wire.Levels(0.0, 0.0)]


async def test_a_list_gets_a_row_twice_a_second() -> None:
    """State, levels, and the beginning of the last words; told together."""
    bell, run, tap = tapped()
    run.holder = wire.Holder("con_1", "Ada", 0)
    with bell.subscribe(all_of("org")) as watcher:
        tap.happened(h.StateChanged("speaking"))
        tap.happened(h.UserSaid("u1", "x" * 500))
        tap.happened(h.AgentSaid("t1", "Fine."))
        assert await events(watcher) == [
            wire.Brief("conv", "speaking", 0.0, 0.0, taken=True, text="Fine.", side="person")
        ]
        tap.moved(1)
        assert await events(watcher) == [wire.Moved("conv")]


@pytest.mark.parametrize("words", [True, False])
async def test_words_that_nobody_may_know_are_not_told(words: bool) -> None:
    """Of an encrypted session, and of everything after it; or where the setting says so."""
    bell, _, tap = tapped(words=words)
    assert tap.hidden == ("" if words else "untraced")
    if words:
        tap.hide()
    with bell.subscribe(one_of("org", "conv")) as watcher:
        tap.happened(h.UserSaid("u1", "secret"))
        tap.happened(h.AgentText("t1", "One"))
        tap.happened(h.AgentSaid("t1", "secret, too"))
        tap.happened(h.StateChanged("listening"))
        assert await events(watcher) == [wire.Doing("listening")]
    assert tap.hidden == ("encrypted" if words else "untraced")


async def test_what_was_begun_in_secret_stays_secret_though_nobody_watched(tmp_path: Path) -> None:
    """The visitor opens the page again without encryption, in the same run."""
    sealed: dict[str, Any] = {"encryption": "optional", "encryption_key": "env:SEAL"}
    async with stage(tmp_path, greeting="one two three four five six", **sealed) as desk:
        client = await desk.join(e2ee=True)
        run = client.run
        await client.until(h.AgentAudio)
        await desk.leave(client, "dropped")
        again = await desk.join(again=True)
        assert again.run is run
        assert not run.record.secret
        assert run.tap.hidden == "encrypted"


async def test_a_turn_is_whose_it_was_when_it_began() -> None:
    """The agent's answer that a person cuts is the agent's, also of one that nobody watched."""
    bell, run, tap = tapped()
    tap.happened(h.AgentText("t1", "One "))
    run.holder = wire.Holder("con_1", "Ada", 0)
    with bell.subscribe(one_of("org", "conv")) as watcher:
        tap.happened(h.AgentText("t1", "two three"))
        assert await events(watcher) == [wire.Words("t1", "agent", "One two three")]
        tap.happened(h.AgentSaid("t1", "One two"))
        tap.happened(h.AgentText("t2", "It is me."))
        run.holder = None
        tap.happened(h.AgentSaid("t2", "It is me."))
        assert await events(watcher) == [
            wire.Words("t1", "agent", "One two", final=True),
            wire.Words("t2", "person", "It is me.", final=True),
        ]


async def test_the_end_is_told_after_the_last_words_and_nothing_after_it() -> None:
    """Words that wait for their commit come before it; a level that was due does not come."""
    bell, _, tap = tapped()
    with bell.subscribe(one_of("org", "conv")) as watcher:
        tap.heard(LOUD)
        tap.over("done")
        tap.happened(h.AgentSaid("t1", "Goodbye."))
        tap.happened(h.Ended("ended", "Done."))
        tap.happened(h.StateChanged("listening"))
        tap.heard(LOUD)
        tap.moved(0)
        assert await events(watcher) == [
            wire.Words("t1", "agent", "Goodbye.", final=True),
            wire.Over("done"),
        ]
    assert tap._timers == {}


async def test_nothing_is_made_while_nobody_watches() -> None:
    """No timer runs, and no level is measured."""
    _, _, tap = tapped()
    tap.heard(LOUD)
    tap.happened(h.AgentAudio("t1", LOUD))
    tap.happened(h.AgentSaid("t1", "Hello."))
    assert tap._timers == {}
    assert tap._agent.take() == 0.0
    assert tap._user.take() == 0.0


async def test_a_whole_talk_is_seen_as_it_goes(tmp_path: Path) -> None:
    """Words, states and levels of a real run; it is over when it is."""
    async with stage(tmp_path, llm=ScriptedAnswers(["Fine, thank you."])) as desk:
        client = await desk.join(ready=False)
        with desk.host.bell.subscribe(one_of(desk.org_id, desk.conversation)) as watcher:
            reading = asyncio.create_task(until_over(watcher))
            client.run.ready(client)
            client.run.floor.hear(LOUD, 16000)
            await client.said("Hello.")
            client.run.floor.type("How are you?")
            await client.said("Fine, thank you.")
            await desk.leave(client)
            told = await reading
        words = [(one.side, one.text) for one in told if isinstance(one, wire.Words) and one.final]
        assert words == [
            ("agent", "Hello."),
            ("user", "How are you?"),
            ("agent", "Fine, thank you."),
        ]
        assert {"speaking", "listening"} <= {o.state for o in told if isinstance(o, wire.Doing)}
        levels = [one for one in told if isinstance(one, wire.Levels)]
        assert max(one.user for one in levels) > 0.5
        assert max(one.agent for one in levels) > 0.3
        assert told[-2:] == [wire.Attached(0), wire.Over("left")]
