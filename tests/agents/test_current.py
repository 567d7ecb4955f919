"""`duologue.current()`: agent code finds its own session and nobody else's."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

import duologue
from duologue.agents.current import Current, bind


def make(name: str, sent: list[Any], ended: list[Any]) -> Current:
    """A session whose callbacks only write down."""
    return Current(
        conversation_id=f"conv_{name}",
        session_id=f"sess_{name}",
        agent="demo",
        transport="websocket",
        send=sent.append,
        end=lambda reason, say: ended.append((reason, say)),
    )


def test_outside_of_a_session_it_says_so() -> None:
    """A script that asks gets a sentence that explains."""
    with pytest.raises(duologue.DuologueError, match="only inside an agent"):
        duologue.current()


async def test_each_session_finds_itself() -> None:
    """Two sessions on one loop do not mix, nor do the tasks that they start."""

    async def session(name: str) -> str:
        bind(make(name, [], []))
        await asyncio.sleep(0)
        return await asyncio.create_task(deeper())

    async def deeper() -> str:
        await asyncio.sleep(0)
        return duologue.current().conversation_id

    assert [*await asyncio.gather(session("a"), session("b"))] == ["conv_a", "conv_b"]


async def test_data_goes_both_ways_until_unsubscribed() -> None:
    """Plain and async handlers hear the client in order, and find their session."""
    sent: list[Any] = []
    here = make("a", sent, [])

    async def later(data: Any) -> None:
        await asyncio.sleep(0)
        duologue.current().send(["async", data])

    here.on_data(lambda data: duologue.current().send(["sync", data]))
    leave = here.on_data(later)
    await here.receive(1)
    leave()
    leave()
    await here.receive(2)
    assert sent == [["sync", 1], ["async", 1], ["sync", 2]]
    with pytest.raises(duologue.DuologueError):
        duologue.current()


def test_hanging_up_names_reason_and_last_words() -> None:
    """The pipeline is told why, and what to say before."""
    ended: list[Any] = []
    here = make("a", [], ended)
    here.end()
    here.end("done", say="Bye.")
    assert ended == [("agent_ended", None), ("done", "Bye.")]


def test_what_the_road_lacks_is_refused_by_name() -> None:
    """An agent that was written for another road learns which call was too much."""
    here = make("a", [], [])
    for call in (lambda: here.chat("x"), lambda: here.navigate("/"), lambda: here.send_file("x")):
        with pytest.raises(duologue.NotOnThisTransport, match="websocket road"):
            call()


def test_state_is_kept_and_watched() -> None:
    """Small values live with the run; a watcher hears every change until it leaves."""
    state = make("a", [], []).state
    seen: list[Any] = []
    leave = state.on(lambda key, value: seen.append((key, value)))
    assert state.get("mood", "calm") == "calm"
    state.set("mood", "glad")
    leave()
    state.set("mood", "sad")
    assert seen == [("mood", "glad")]
    assert state.get("mood") == "sad"


def test_importing_the_package_imports_no_agents() -> None:
    """A robot that only calls pays for no pipeline; the names still arrive when asked for."""
    code = (
        "import sys, duologue; assert 'livekit' not in sys.modules; "
        "assert duologue.__version__ and 'agent' in dir(duologue); "
        "duologue.DuologueError; assert 'livekit' not in sys.modules; "
        "duologue.agent; assert 'livekit.agents' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'agents_'"):
        _ = duologue.agents_
