"""The way out."""

from __future__ import annotations

import asyncio

from duologue.core.happenings import (
    AgentAudio,
    AgentText,
    Happening,
    UserSaid,
    UserStarted,
)
from duologue.pipeline.outlet import NOT_STORED, Outlet


def pending() -> asyncio.Future[bool]:
    """A commit that is still under way."""
    return asyncio.get_running_loop().create_future()


async def test_a_happening_waits_for_its_commit_and_all_behind_it_wait_too() -> None:
    """Order is kept: what follows a message that is being stored follows it to the client."""
    outlet, heard = Outlet(), list[Happening]()
    outlet.attach(heard.append)
    commit = pending()
    outlet.put(UserSaid("u", "hi"), commit)
    outlet.put(AgentText("t", "yes"))
    assert heard == []
    commit.set_result(True)
    await asyncio.sleep(0)
    assert heard == [UserSaid("u", "hi"), AgentText("t", "yes")]


async def test_what_could_not_be_stored_is_not_told() -> None:
    """The client reads that its words are lost instead of seeing them as kept."""
    outlet, heard = Outlet(), list[Happening]()
    outlet.attach(heard.append)
    commit = pending()
    outlet.put(UserSaid("u", "hi"), commit)
    commit.set_result(False)
    await asyncio.sleep(0)
    assert heard == [NOT_STORED]


async def test_sound_that_waits_is_dropped_when_the_user_takes_the_floor() -> None:
    """No old sound follows a turn.start of the user; words do."""
    outlet, heard = Outlet(), list[Happening]()
    outlet.attach(heard.append)
    commit = pending()
    outlet.put(UserSaid("u", "hi"), commit)
    outlet.put(AgentAudio("t", b"ab"))
    outlet.put(AgentText("t", "yes"))
    outlet.put(UserStarted("v"))
    commit.set_result(True)
    await asyncio.sleep(0)
    assert heard == [UserSaid("u", "hi"), AgentText("t", "yes"), UserStarted("v")]


async def test_sound_that_waits_is_taken_back_of_one_turn() -> None:
    """It was for a listener who is gone; the words stay, and so does the sound of other turns."""
    outlet, heard = Outlet(), list[Happening]()
    commit = pending()
    outlet.put(UserSaid("u", "hi"), commit)
    for happening in (
        AgentAudio("s", b"ab"),
        AgentText("t", "yes"),
        AgentAudio("t", bytes(3200)),
        AgentAudio("t", bytes(1600)),
    ):
        outlet.put(happening)
    assert outlet.take_back("t") == 0.15
    assert outlet.take_back("t") == 0.0
    outlet.attach(heard.append)
    commit.set_result(True)
    await asyncio.sleep(0)
    assert heard == [UserSaid("u", "hi"), AgentAudio("s", b"ab"), AgentText("t", "yes")]


async def test_commits_that_end_out_of_order_are_told_in_order() -> None:
    """The second message waits for the first."""
    outlet, heard = Outlet(), list[Happening]()
    outlet.attach(heard.append)
    first, second = pending(), pending()
    outlet.put(UserSaid("u", "one"), first)
    outlet.put(UserSaid("v", "two"), second)
    second.set_result(True)
    await asyncio.sleep(0)
    assert heard == []
    first.set_result(True)
    await asyncio.sleep(0)
    assert heard == [UserSaid("u", "one"), UserSaid("v", "two")]


async def test_listeners_come_and_go() -> None:
    """Everyone who is there hears; going twice is going once."""
    outlet = Outlet()
    one, two = list[Happening](), list[Happening]()
    outlet.attach(one.append)
    outlet.attach(two.append)
    outlet.put(AgentText("t", "a"))
    hear = one.append
    outlet.detach(hear)
    outlet.detach(hear)
    outlet.put(AgentText("t", "b"))
    assert (len(one), len(two)) == (1, 2)
    assert outlet.listening
