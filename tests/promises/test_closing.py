"""Closing is bounded, and what was closed leaves nothing: no memory, no task, no file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.groups import say
from tests.promises.forking import Nursery, Server
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError

from duologue.testing.line import authorize, open_socket

AGENTS = """
import asyncio
import ctypes
import gc
import sys

from livekit.agents import Agent

import duologue
from duologue.testing import models

models.CHARACTER = 0.005
libc = ctypes.CDLL(None)
NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"


class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES.split()]


def memory():
    # Bytes in use: those of glibc, and Python's own small blocks, of 64 on average.
    gc.collect()
    libc.mallinfo2.restype = Mallinfo
    found = libc.mallinfo2()
    return found.uordblks + found.hblkhd + 64 * sys.getallocatedblocks()


def scripted(name):
    voices = {"llm": models.ScriptedAnswers, "tts": models.ToneTTS}
    return duologue.agent(name, stt=lambda: models.ScriptedSTT([]), **voices)


@scripted("desk")
class Desk(Agent):
    def __init__(self):
        super().__init__(instructions="Be brief.")
        here = duologue.current()

        def tell(_):
            tasks = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]
            here.send({"tasks": tasks, "memory": memory()})

        here.on_data(tell)


@scripted("stubborn")
class Stubborn(Agent):
    def __init__(self):
        super().__init__(instructions="Never end.")

        async def work(_):
            await asyncio.Event().wait()

        duologue.current().on_data(work)

    async def on_exit(self):
        await asyncio.Event().wait()


@scripted("waiting")
class Waiting(Agent):
    def __init__(self):
        super().__init__(instructions="Never begin.")

    async def on_enter(self):
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(0.5)
                raise
"""
AT_ONCE = 6
BOUND = 10.0
"""Seconds in which everything is closed."""
BUSY = 20.0
"""Seconds more, for a machine that does other things as well."""
KIBIBYTE = 1024


@pytest.fixture
def house(nursery: Nursery, tmp_path: Path) -> Iterator[Server]:
    """A server with an agent that tells of tasks, and some that do not want to end."""
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    with Server(nursery, tmp_path, file, max_sessions=100, trace_days=1) as made:
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
    for start in range(0, count, AT_ONCE):
        await asyncio.gather(*(visit(server) for _ in range(min(AT_ONCE, count - start))))


async def told(server: Server) -> dict[str, Any]:
    """The tasks of the server and its memory in use, while one session asks for it."""
    ticket = await authorize(server.url, "desk", "")
    async with await open_socket(server.url, ticket.session_key) as socket:
        await socket.send('{"type":"client.ready"}')
        await socket.send('{"type":"client.response.data","data":"tasks"}')
        found: dict[str, Any] = (await until(socket, "response.data"))["content"]
        await socket.send('{"type":"client.end"}')
        await gone(socket)
    return found


async def held(server: Server) -> tuple[Counter[str], Counter[str], list[str]]:
    """Tasks, kinds of open files, and files for the moment."""
    running = Counter((await told(server))["tasks"])
    # The numbers of sockets and pipes differ each time.
    files = Counter(each.partition(":[")[0] for each in server.open_files)
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


@pytest.mark.soak
async def test_a_thousand_sessions_leave_no_memory(house: Server) -> None:
    """Less than 1 KiB a session stays in use; what the system counts is told beside it."""
    await visits(house, 300)
    before = await held(house)
    used, resident = [], []
    for _ in range(11):
        readings = []
        for _ in range(3):  # what ended is tidied away two seconds later, and some of it in between
            await asyncio.sleep(2)
            readings.append((await told(house))["memory"])
        used.append(min(readings))
        resident.append(house.resident)
        await visits(house, 100)
    slope = float(np.polyfit(np.arange(len(used)) * 100, used, 1)[0])
    for name, sizes in (("in use", used), ("resident", resident)):
        each = ", ".join(f"{size / KIBIBYTE**2:.1f}" for size in sizes)
        say(f"MiB {name} after each 100 sessions: {each}\n")
    say(f"slope of what is in use: {slope / KIBIBYTE:+.2f} KiB a session\n")
    await settles(house, before)
    assert slope < KIBIBYTE
    assert resident[-1] - resident[0] < 24 * KIBIBYTE**2


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
