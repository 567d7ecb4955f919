"""One session, many surfaces: snapshots, observers that come and go, and one agent."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from tests.client.diary import Diary
from tests.client.sockets import house
from tests.serving import House

from duologue import AgentConfig, ControlledSession, LiveKitSession, Snapshot, TranscriptEntry
from duologue.client import controlled
from duologue.client.controlled import Observers, require_agent

__all__ = ["house"]

STATES = json.loads((Path(__file__).parents[1] / "vectors" / "states.json").read_text())


def test_the_words_are_those_of_the_other_faces() -> None:
    """`tests/vectors/states.json` says how each state of line and agent is shown."""
    assert dict(STATES["line"]) == controlled.CONNECTION
    assert dict(STATES["agent"]).items() <= controlled.AGENT.items()
    rest = {controlled.AGENT[state] for state in controlled.AGENT.keys() - dict(STATES["agent"])}
    assert rest == {"idle"}


def test_a_livekit_session_is_a_controlled_session() -> None:
    """It has all that a surface needs; something else has not."""
    session: ControlledSession = LiveKitSession("desk", "http://x")
    assert isinstance(session, ControlledSession)
    assert not isinstance(object(), ControlledSession)
    assert session.snapshot == Snapshot()
    assert session.snapshot is session.snapshot


def test_a_snapshot_never_changes() -> None:
    """Whoever holds one may compare and keep it."""
    whole = Snapshot(
        transcript=(TranscriptEntry("1", "user", "Hi", True, 0),), agent_config=AgentConfig("Desk")
    )
    for part, name in (
        (whole, "error"),
        (whole.transcript[0], "text"),
        (whole.agent_config, "name"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(part, name, "x")
    assert isinstance(whole.transcript, tuple)


def test_a_session_has_one_agent() -> None:
    """It cannot be exchanged, and a surface of another agent is refused."""
    session = LiveKitSession("desk", "http://x")
    require_agent(session, "desk")
    with pytest.raises(ValueError, match=r"'desk', and a session has one agent; for 'sales'"):
        require_agent(session, "sales")
    with pytest.raises(ValueError, match="one agent"):
        session.agent_id = "sales"
    session.agent_id = "desk"
    assert session.agent_id == "desk"


async def test_surfaces_come_and_go_without_ending_the_session(house: House) -> None:
    """Two see the same; one that left is shown nothing more; the last to go leaves it open."""
    session = LiveKitSession("talker", house.url)
    diary = Diary(session)
    panel: list[Snapshot] = []
    bubble: list[Snapshot] = []
    close_panel = session.subscribe(panel.append)
    close_bubble = session.subscribe(bubble.append)
    await session.connect()
    await diary.said("agent", "Hello there.")
    assert panel == bubble
    assert [a is b for a, b in zip(panel, bubble, strict=True)] == [True] * len(panel)
    assert all(a != b for a, b in itertools.pairwise(panel))
    assert panel[0].connection_state == "connecting"
    close_panel()
    close_panel()
    seen = len(panel)
    await session.session.messages.send("Hi.")
    await diary.said("agent", "You said: Hi.")
    assert len(panel) == seen
    await diary.until(lambda: bubble[-1] is session.snapshot)
    close_bubble()
    assert session.connection_state == "connected"
    again: list[Snapshot] = []
    session.subscribe(again.append)
    assert [entry.text for entry in session.snapshot.transcript][-1] == "You said: Hi."
    await session.disconnect()
    assert again[-1].connection_state == "disconnected"
    assert again[-1].transcript == ()


async def test_data_messages_reach_every_subscriber(house: House) -> None:
    """Beside `on_data_message`, and until each wants no more."""
    session = LiveKitSession("exchange", house.url)
    one: list[Any] = []
    other: list[Any] = []
    stop = session.subscribe_to_data_messages(one.append)
    session.subscribe_to_data_messages(other.append)
    diary = Diary(session)
    await session.connect()
    await session.send_data({"n": 1})
    await diary.until(lambda: other)
    stop()
    await session.send_data({"n": 2})
    await diary.until(lambda: len(other) == 2)
    assert one == [{"told": {"n": 1}}]
    assert other == diary.of("data_message") == [{"told": {"n": 1}}, {"told": {"n": 2}}]
    await session.disconnect()


async def test_an_observer_that_fails_keeps_nothing_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What a function or a coroutine raises is logged; they are told the next thing too."""
    told: list[str] = []

    def broken(thing: str) -> None:
        told.append(f"broken {thing}")
        raise ValueError(thing)

    async def late(thing: str) -> None:
        told.append(f"late {thing}")
        await asyncio.sleep(0)
        raise ValueError(thing)

    observers = Observers()
    for callback in (broken, late, lambda thing: told.append(f"well {thing}")):
        observers.add(callback)
    with caplog.at_level(logging.ERROR, "duologue.client"):
        observers.tell("1")
        observers.tell("2")
        await asyncio.sleep(0.01)
    assert told == ["broken 1", "well 1", "broken 2", "well 2", "late 1", "late 2"]
    assert len(caplog.records) == 4


async def test_a_slow_observer_is_told_in_order_or_only_the_newest() -> None:
    """Data is never passed over; of snapshots only the last one matters."""
    for newest, expected in ((False, [1, 2, 3, 4]), (True, [1, 4])):
        told: list[int] = []
        gate = asyncio.Event()

        async def slow(thing: int, told: list[int] = told, gate: asyncio.Event = gate) -> None:
            told.append(thing)
            await gate.wait()

        observers = Observers(newest=newest)
        off = observers.add(slow)
        for thing in (1, 2, 3, 4):
            observers.tell(thing)
        await asyncio.sleep(0.01)
        assert told == [1]
        gate.set()
        await asyncio.sleep(0.01)
        assert told == expected
        off()


async def test_an_observer_that_left_is_told_nothing_more() -> None:
    """Not even what waited for it; what it was doing is ended."""
    told: list[int] = []
    ended = asyncio.Event()

    async def slow(thing: int) -> None:
        told.append(thing)
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    observers = Observers()
    off = observers.add(slow)
    observers.tell(1)
    observers.tell(2)
    await asyncio.sleep(0)
    off()
    await asyncio.wait_for(ended.wait(), 10)
    observers.tell(3)
    assert told == [1]


async def test_an_observer_may_leave_while_it_is_told() -> None:
    """Its own coroutine goes on to its end."""
    told: list[str] = []
    observers = Observers()

    async def once(thing: str) -> None:
        off()
        await asyncio.sleep(0)
        told.append(thing)

    off = observers.add(once)
    observers.tell("first")
    observers.tell("second")
    await asyncio.sleep(0.01)
    assert told == ["first"]
