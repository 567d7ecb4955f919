"""`duologue.current()`: agent code finds its own session and nobody else's."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from livekit import rtc

import duologue
from duologue.agents.current import Current, bind
from duologue.agents.shared import State


def make(name: str, sent: list[Any], ended: list[Any], **more: Any) -> Current:
    """A session whose callbacks only write down."""
    return Current(
        conversation_id=f"conv_{name}",
        session_id=f"sess_{name}",
        agent="demo",
        transport="websocket",
        send=sent.append,
        end=lambda reason, say: ended.append((reason, say)),
        **more,
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


async def test_what_the_road_lacks_is_refused_by_name() -> None:
    """An agent that was written for another road learns which call was too much."""
    here = make("a", [], [])
    calls: dict[str, Callable[[], object]] = {
        "chat": lambda: here.chat("x"),
        "navigate": lambda: here.navigate("/prices"),
        "frame": here.frame,
        "on_rpc": lambda: here.on_rpc("x", str),
        "on_file": lambda: here.on_file(print),
        "on_attributes": lambda: here.on_attributes(print),
        "set_attributes": lambda: here.set_attributes({}),
    }
    for name, call in calls.items():
        with pytest.raises(duologue.NotOnThisTransport, match=rf"{name}\(\).*websocket road"):
            call()
    for name, asking in {"rpc": here.rpc("x"), "send_file": here.send_file("x")}.items():
        with pytest.raises(duologue.NotOnThisTransport, match=rf"{name}\(\).*websocket road"):
            await asking
    assert here.attributes == {}


def test_a_picture_is_in_reach_of_an_agent_that_asks_for_it() -> None:
    """In a room; an agent that does not ask learns how to, and on a socket nobody sees."""
    shown = rtc.VideoFrame(2, 2, rtc.VideoBufferType.RGBA, bytes(16))
    seeing, blind = make("a", [], [], frame=lambda: shown), make("b", [], [])
    with pytest.raises(duologue.NotOnThisTransport, match=r"frame\(\)"):
        seeing.frame()
    seeing.transport = blind.transport = "livekit"
    assert seeing.frame() is shown
    with pytest.raises(duologue.DuologueError, match=r"'demo' asks for no pictures.*vision=True"):
        blind.frame()


class Beyond:
    """A reach that writes down what the agent asks of it."""

    def __init__(self) -> None:
        self.shared = State()
        self.client_attributes = {"lang": "de"}
        self.asked: list[Any] = []

    async def ask(self, method: str, payload: str, timeout: float) -> str:  # noqa: ASYNC109
        """Answers."""
        self.asked.append((method, payload, timeout))
        return "yes"

    def handle(self, method: str, handler: Any) -> Callable[[], None]:
        """Writes it down."""
        self.asked.append(method)
        return lambda: self.asked.append(f"no {method}")

    def on_attributes(self, handler: Any) -> Callable[[], None]:
        """Calls it at once."""
        handler(self.client_attributes)
        return lambda: None

    def set_attributes(self, changes: dict[str, str]) -> None:
        """Writes them down."""
        self.asked.append(changes)

    async def send_file(self, source: Any, **fields: Any) -> None:
        """Writes it down."""
        self.asked.append((source, fields))

    def on_file(self, handler: Any) -> Callable[[], None]:
        """Writes it down."""
        self.asked.append(handler)
        return lambda: None


async def test_what_reaches_clients_goes_there_with_its_defaults() -> None:
    """Every call arrives as it was written, and what it answers comes back."""
    beyond = Beyond()
    here = make("a", [], [], reach=beyond, lead=beyond.asked.append, chat=beyond.asked.append)
    assert here.state is beyond.shared
    assert await here.rpc("where") == "yes"
    here.on_rpc("price", str)()
    assert here.attributes == {"lang": "de"}
    here.attributes["lang"] = "en"
    here.on_attributes(beyond.asked.append)
    here.set_attributes({"mood": "calm"})
    await here.send_file(b"tea", name="tea.txt")
    here.on_file(print)
    here.navigate("/")
    here.chat("Hi.")
    assert beyond.asked == [
        ("where", "", 10.0),
        "price",
        "no price",
        {"lang": "de"},
        {"mood": "calm"},
        (b"tea", {"name": "tea.txt", "mime_type": None, "topic": "files", "attributes": {}}),
        print,
        "/",
        "Hi.",
    ]


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
