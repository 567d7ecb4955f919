"""Closing is bounded, and what was closed leaves nothing: no memory, no task, no file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest
from livekit.agents import Agent, AgentSession
from tests.groups import say
from tests.pipeline.stage import stage
from tests.pipeline.stage import until as until_true
from tests.promises.closing import AGENTS
from tests.promises.servers import Server
from tests.virtual import SkippingLoop
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError

from duologue.agents.models import Models
from duologue.pipeline.actor import Actor
from duologue.server.present import LEADER
from duologue.testing.line import authorize, open_socket

AT_ONCE = 6
BOUND = 10.0
"""Seconds in which everything is closed."""
BUSY = 20.0
"""Seconds more, for a machine that does other things as well."""
KIBIBYTE = 1024
READINGS = 3
BLOCK = 512
"""Bytes of Python's small blocks of memory, at the most."""
KEPT = 0.5
"""Objects of one type a session: whatever keeps one of each, or of every other, is found."""
WARM = 2500
"""Sessions before the first reading: they fill what has a bound.

The owners of 2,048 traces are remembered, and SQLite's connections keep 2 MB of pages each.
"""
OURS = (
    "duologue.pipeline.run.Run",
    "duologue.pipeline.seat.Seat",
    "duologue.transports.websocket._Socket",
    "livekit.agents.voice.agent_session.AgentSession",
)
"""What there is one of for each session."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Server]:
    """A server with an agent that tells of tasks, and some that do not want to end."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with Server(tmp_path, file, max_sessions=100, trace_days=1) as made:
        yield made


async def until(socket: ClientConnection, kind: str, role: str | None = None) -> dict[str, Any]:
    """The next message of a type."""
    async with asyncio.timeout(60):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == kind and role in (None, message.get("role")):
                return message


async def gone(socket: ClientConnection) -> None:
    """Reads until the server closed."""
    with contextlib.suppress(ConnectionClosedError):
        async for _ in socket:
            pass


async def visit(server: Server) -> None:
    """A whole session: a question, an answer with sound, goodbye."""
    ticket = await authorize(server.url, "desk", "")
    async with await open_socket(server.url, ticket.session_key) as socket:
        await socket.send('{"type":"client.ready"}')
        await socket.send('{"type":"client.response.text","content":"hello"}')
        turn = (await until(socket, "response.end"))["turn_id"]
        heard = {"type": "trigger.response.audio.replay_finished", "reason": "completed"}
        await socket.send(json.dumps({**heard, "turn_id": turn}))
        await until(socket, "turn.end", "assistant")
        await socket.send('{"type":"client.end"}')
        await gone(socket)


async def visits(server: Server, count: int) -> None:
    """So many sessions, a few at a time."""
    left = iter(range(count))

    async def one_by_one() -> None:
        for _ in left:
            await visit(server)

    await asyncio.gather(*(one_by_one() for _ in range(AT_ONCE)))


async def told(server: Server, what: str = "tasks") -> dict[str, Any]:
    """The tasks of the server, or its memory in use, too, while one session asks for it."""
    ticket = await authorize(server.url, "desk", "")
    async with await open_socket(server.url, ticket.session_key) as socket:
        await socket.send('{"type":"client.ready"}')
        await socket.send(json.dumps({"type": "client.response.data", "data": what}))
        found: dict[str, Any] = (await until(socket, "response.data"))["content"]
        await socket.send('{"type":"client.end"}')
        await gone(socket)
    return found


async def held(server: Server) -> tuple[Counter[str], Counter[str], list[str]]:
    """Tasks, kinds of open files, and files for the moment."""
    running = Counter((await told(server))["tasks"])
    # Numbers of sockets and pipes differ each time; who leads opens a file when it first tidies.
    found = [each for each in server.open_files if not each.endswith(f"/{LEADER}")]
    files = Counter(each.partition(":[")[0] for each in found)
    left = [path.name for path in server.temporary.rglob("*")]
    return running, files, left


async def settles(server: Server, before: tuple[Counter[str], Counter[str], list[str]]) -> None:
    """Waits until nothing more is held than before; else says what is."""
    end = time.monotonic() + 60
    while True:
        running, files, left = await held(server)
        more = [running - before[0], files - before[1], left]
        if not any(more):
            return
        assert time.monotonic() < end, f"left behind: {more}"
        await asyncio.sleep(0.5)


async def test_sixty_sessions_leave_no_task_and_no_file(house: Server) -> None:
    """After sixty whole calls the server runs the tasks and holds the files of before."""
    await visits(house, AT_ONCE)
    before = await held(house)
    await visits(house, 60)
    await settles(house, before)
    assert "Traceback" not in house.log


async def test_nothing_of_an_ended_session_is_kept(house: Server) -> None:
    """Neither its run nor its socket waits for a timer; only what asks is still there."""
    await visits(house, 2 * AT_ONCE)
    end = time.monotonic() + 60
    while True:
        kinds = (await told(house, "memory"))["kinds"]
        left = {name: kinds[name] for name in OURS}
        if left == dict.fromkeys(OURS, 1):
            return
        assert time.monotonic() < end, f"kept: {left}"
        await asyncio.sleep(0.5)


class Memory(NamedTuple):
    """What a server has in use."""

    blocks: int
    """Of Python's own, for what is small."""
    heap: int
    """Bytes of all that is larger, and of what is not Python."""
    resident: int
    """Bytes, as the system counts them."""
    kinds: dict[str, int]
    """Objects that may refer to others, by their type; without those of the start."""

    @property
    def used(self) -> int:
        """Bytes in use, at the most."""
        return self.heap + self.blocks * BLOCK


async def least(server: Server) -> Memory:
    """The least of some readings: what ended is tidied away two seconds later."""
    found = []
    for _ in range(READINGS):
        await asyncio.sleep(2)
        said = await told(server, "memory")
        found.append(Memory(said["blocks"], said["heap"], server.resident, said["kinds"]))
    resident = min(each.resident for each in found)
    return min(found, key=lambda each: each.used)._replace(resident=resident)


def slope(values: Sequence[float]) -> float:
    """The median of the slopes between any two (Theil and Sen): no single one moves it."""
    pairs = combinations(enumerate(values), 2)
    return median((after - before) / (j - i) for (i, before), (j, after) in pairs)


def test_one_odd_reading_moves_no_slope() -> None:
    """Whatever grows steadily is found, and a peak is not taken for it."""
    assert slope([5, 5, 900, 5, 4, 5]) == 0
    assert slope([5, 7, 900, 11, 13, 15]) == 2


@pytest.mark.soak
async def test_a_thousand_sessions_leave_no_memory(house: Server) -> None:
    """Less than 1 KiB a session stays, and no object; tasks and files are those of before."""
    await leaves_no_memory(house, warm=WARM, steps=10, each=100)


async def leaves_no_memory(house: Server, *, warm: int, steps: int, each: int) -> None:
    """Measures after each of some steps, and says what it found."""
    await visits(house, warm)
    before = await held(house)
    found = [await least(house)]
    for _ in range(steps):
        await visits(house, each)
        found.append(await least(house))
    used = slope([one.used for one in found]) / each
    resident = slope([one.resident for one in found]) / each
    blocks = slope([one.blocks for one in found]) / each
    names = {name for one in found for name in one.kinds}
    kinds = {name: slope([one.kinds.get(name, 0) for one in found]) / each for name in names}
    for name in ("used", "resident"):
        sizes = ", ".join(f"{getattr(one, name) / KIBIBYTE**2:.2f}" for one in found)
        say(f"\nMiB {name} after each {each}: {sizes}")
    kib = f"in use {used / KIBIBYTE:+.3f} KiB, resident {resident / KIBIBYTE:+.3f} KiB"
    say(f"\na session: {kib}, {blocks:+.2f} small blocks of Python\n")
    most = sorted(kinds.items(), key=lambda kind: -kind[1])[:5]
    say(f"objects a session: {', '.join(f'{name} {more:+.3f}' for name, more in most)}\n")
    await settles(house, before)
    say(f"tasks and open files of before: {before[0].total()} and {before[1].total()}\n")
    assert {name: more for name, more in kinds.items() if more >= KEPT} == {}
    assert used < KIBIBYTE
    assert resident < KIBIBYTE


class Stubborn(Agent):
    """An agent that neither begins nor ends."""

    async def on_enter(self) -> None:
        """Never comes back."""
        await asyncio.Event().wait()

    on_exit = on_enter


async def hang(*_: object, **__: object) -> None:
    """Never comes back."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("starts", [True, False])
def test_an_agent_has_ten_seconds_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starts: bool
) -> None:
    """As a whole: in its start, in its own code and in its models, by a clock that skips waits."""
    loop = SkippingLoop()
    close, took = Actor.close, list[float]()
    monkeypatch.setattr(Models, "aclose", hang)
    if not starts:
        monkeypatch.setattr(AgentSession, "start", hang)
        monkeypatch.setattr(AgentSession, "aclose", hang)

    async def closing(actor: Actor) -> None:
        began, loop.skips = loop.skipped, True
        await close(actor)
        loop.skips = False
        took.append(loop.skipped - began)

    monkeypatch.setattr(Actor, "close", closing)

    async def call() -> None:
        async with stage(
            tmp_path, make=lambda: Stubborn(instructions="Never end."), greeting=""
        ) as desk:
            client = await desk.join()
            client.run.floor.type("hello")
            await until_true(lambda: (client.run._actor.session is not None) == starts)
            await desk.leave(client)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(call())
    [seconds] = took
    assert 0 < seconds <= BOUND


async def test_agents_that_do_not_want_to_end_are_closed(house: Server) -> None:
    """One that hangs in on_exit, one that hangs in on_enter: their callers are gone in time."""
    for agent in ("stubborn", "waiting"):
        ticket = await authorize(house.url, agent, "")
        async with await open_socket(house.url, ticket.session_key) as socket:
            await socket.send('{"type":"client.ready"}')
            await socket.send('{"type":"client.response.data","data":"work"}')
            await socket.send('{"type":"client.response.text","content":"hello"}')
            await until(socket, "turn.end", "assistant")
            await socket.send('{"type":"client.end"}')
            await gone(socket)
            assert socket.close_code == 1000
    async with asyncio.timeout(BOUND + BUSY):
        while house.log.count('"run ended"') < 2:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


async def test_a_server_full_of_them_ends_in_time(house: Server) -> None:
    """A signal in the middle of such calls: clients are told, and the process is gone."""
    sockets = []
    for agent in ("stubborn", "waiting", "desk"):
        ticket = await authorize(house.url, agent, "")
        socket = await open_socket(house.url, ticket.session_key)
        await socket.send('{"type":"client.ready"}')
        await socket.send('{"type":"client.response.text","content":"hello"}')
        sockets.append(socket)
    began = time.monotonic()
    stopping = asyncio.create_task(asyncio.to_thread(house.stop))
    for socket in sockets:
        async with asyncio.timeout(BOUND + BUSY):
            await gone(socket)
        assert socket.close_code == 1012
    await stopping
    assert time.monotonic() - began < 2 * BOUND + BUSY
