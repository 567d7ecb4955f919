"""The parent of several processes: what it starts, starts again, renews and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from duologue.cli.serve import next_steps
from duologue.errors import DuologueError
from duologue.server import workers
from duologue.server.child import Child
from duologue.server.serve import _Server
from duologue.server.workers import Workers, require_shared
from duologue.settings import Settings

# A child that answers each connection with its number and process id until it is asked to end.
# A file beside it tells how it begins: not at all, or only to die.
CHILD = """
import json, os, pathlib, signal, socket, sys
number, listener = map(int, os.environ["DUOLOGUE_SERVE_CHILD"].split(":"))
how = pathlib.Path(sys.argv[1])
if how.exists() and how.read_text() == "broken":
    sys.exit(3)
print("an agent says hello", flush=True)
shared = socket.socket(fileno=listener)
shared.settimeout(0.05)
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
print(json.dumps({"event": "listening", "url": "http://x"}), flush=True)
if how.exists() and how.read_text() == "brief":
    sys.exit(4)
while not ended:
    try:
        line, _ = shared.accept()
    except TimeoutError:
        continue
    line.sendall(f"{number} {os.getpid()}".encode())
    line.close()
"""


class Parent:
    """Workers of the child above, run beside the test, and who answers on their port."""

    def __init__(self, folder: Path, count: int) -> None:
        self.how = folder / "how.txt"
        child = folder / "child.txt"
        child.write_text(CHILD)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.ready: list[int] = []
        command = [sys.executable, str(child), str(self.how)]
        self.workers = Workers(
            command, os.environ, self.listener.fileno(), count, lambda: self.ready.append(1)
        )
        self.running = asyncio.create_task(self.workers.run())

    async def answer(self) -> tuple[int, int]:
        """The number and the process id of the one who takes the next connection."""
        reader, writer = await asyncio.open_connection(*self.listener.getsockname())
        number, pid = (await asyncio.wait_for(reader.read(), 30)).split()
        writer.close()
        await writer.wait_closed()
        return int(number), int(pid)

    async def answers(self) -> dict[int, int]:
        """Who answers, by number, after all have."""
        found = dict[int, int]()
        await self.until(lambda: bool(self.ready))
        while len(found) < 2:
            number, pid = await self.answer()
            found[number] = pid
        return found

    async def until(self, true: Callable[[], bool]) -> None:
        """Returns as soon as something is true."""
        async with asyncio.timeout(60):
            while not true():  # noqa: ASYNC110 - nothing tells when it changes
                await asyncio.sleep(0.02)


@asynccontextmanager
async def parent(folder: Path, count: int = 2) -> AsyncIterator[Parent]:
    """A parent that is gone at the end, with its children."""
    made = Parent(folder, count)
    try:
        yield made
    finally:
        if not made.running.done():
            os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(made.running, 60)
        made.listener.close()


async def test_all_processes_accept_from_one_socket_and_end_with_a_signal(tmp_path: Path) -> None:
    """It is said once that they serve, and nothing of them is left."""
    async with parent(tmp_path) as house:
        found = await house.answers()
        assert found.keys() == {1, 2}
        assert house.ready == [1]
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(house.running, 60) == 0
        for pid in found.values():
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


async def test_a_process_that_dies_is_started_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other one answers meanwhile; what a process prints is seen."""
    async with parent(tmp_path) as house:
        before = await house.answers()
        os.kill(before[1], signal.SIGKILL)
        number, pid = await house.answer()
        while number != 1 or pid == before[1]:
            assert pid == before[2]
            number, pid = await house.answer()
        assert (await house.answers())[2] == before[2]
        assert house.ready == [1]
    assert capsys.readouterr().out.count("an agent says hello\n") == 3


async def test_a_renewal_puts_a_new_process_in_each_place_and_refuses_nobody(
    tmp_path: Path,
) -> None:
    """Whoever connects meanwhile is answered, by the old one or by the new one."""
    async with parent(tmp_path) as house:
        before = await house.answers()
        os.kill(os.getpid(), signal.SIGHUP)
        seen = set(before.values())
        while len(seen) < 4:
            seen.add((await house.answer())[1])
        await house.until(lambda: not any(alive(pid) for pid in before.values()))
        assert not set((await house.answers()).values()) & set(before.values())


async def test_a_renewal_whose_process_does_not_begin_leaves_the_old_ones(tmp_path: Path) -> None:
    """A mistake in a new version costs nothing but a line in the log."""
    async with parent(tmp_path) as house:
        before = await house.answers()
        house.how.write_text("broken")
        os.kill(os.getpid(), signal.SIGHUP)
        await house.until(lambda: not house.workers._renew.is_set())
        for place in house.workers._places:
            async with place.lock:  # it was tried, or will not be
                pass
        assert await house.answers() == before


async def test_a_first_process_that_cannot_begin_ends_all(tmp_path: Path) -> None:
    """Its exit code is that of the command, and it said itself why."""
    (tmp_path / "how.txt").write_text("broken")
    async with parent(tmp_path) as house:
        assert await asyncio.wait_for(house.running, 60) == 3
        assert house.ready == []


async def test_processes_that_die_one_after_the_other_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tries for ever what cannot be."""
    monkeypatch.setattr(workers, "FIRST", 0.01)
    (tmp_path / "how.txt").write_text("brief")
    async with parent(tmp_path) as house:
        assert await asyncio.wait_for(house.running, 120) == 4


async def test_a_place_whose_process_dies_for_hours_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause before the next try has grown to its longest by then, and grows no more."""
    monkeypatch.setattr(workers, "FIRST", 0.0)
    async with parent(tmp_path) as house:
        before = await house.answers()
        tries = 0

        async def fail(number: int) -> Child:
            nonlocal tries
            tries += 1
            raise BlockingIOError(11, "no more processes")

        monkeypatch.setattr(house.workers, "_spawn", fail)
        os.kill(before[1], signal.SIGKILL)
        await house.until(lambda: tries > 1_100)
        assert await house.answer() == (2, before[2])
        os.kill(os.getpid(), signal.SIGHUP)  # nor is there one for a renewal
        await house.until(lambda: tries > 1_200 and not house.workers._renew.is_set())
        assert await house.answer() == (2, before[2])
        monkeypatch.undo()
        assert (await house.answers())[2] == before[2]


async def test_what_is_to_be_said_when_all_serve_ends_nobody(
    tmp_path: Path,
) -> None:
    """A database that is away just then is no reason to hang up."""
    async with parent(tmp_path) as house:

        def fail() -> None:
            house.ready.append(threading.get_ident())
            raise OSError("the database is away")

        house.workers._ready = fail
        await house.answers()
        assert house.ready != [threading.get_ident()]


def test_a_database_that_is_away_leaves_only_the_next_steps_unsaid(tmp_path: Path) -> None:
    """Whoever serves goes on."""
    folder = tmp_path / "no_database"
    folder.mkdir()
    assert next_steps(Settings(database_url=f"sqlite:///{folder}")) == []


async def test_a_process_that_ends_already_is_not_asked_again(tmp_path: Path) -> None:
    """A second SIGTERM would cut its turns: only whoever asks for the end twice means that."""
    script = tmp_path / "child.txt"
    script.write_text(
        "import signal, sys, time\n"
        "asked = []\n"
        "signal.signal(signal.SIGTERM, lambda *_: asked.append(1))\n"
        'print(\'{"event": "listening"}\', flush=True)\n'
        "while not asked: time.sleep(0.01)\n"
        "print('drains', flush=True)\n"
        "for _ in range(100 if len(asked) < 2 else 0):\n"
        "    time.sleep(0.01)\n"
        "    if len(asked) > 1: break\n"
        "sys.exit(len(asked))\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, str(script)]
        for again, code in ((False, 1), (True, 2)):
            child = await Child.start(command, os.environ, listener.fileno())
            assert await child.begun()
            first = asyncio.create_task(child.end(60))
            await asyncio.sleep(0.2)
            first.cancel()  # the renewal that ended it is given up: the parent is to end
            second = asyncio.create_task(child.end(60))
            await asyncio.sleep(0)
            if again:
                child.terminate()
            await second
            assert await child.gone() == code


def test_a_process_whose_parent_is_gone_is_told_by_another_signal(tmp_path: Path) -> None:
    """SIGHUP: SIGTERM would be the second one for a process that drains."""
    script = (
        "import signal, time\n"
        "from duologue.server.following import follow_parent\n"
        "said = []\n"
        "for each in (signal.SIGTERM, signal.SIGHUP):\n"
        "    signal.signal(each, lambda number, _: said.append(signal.Signals(number).name))\n"
        "follow_parent()\n"
        "while not said: time.sleep(0.01)\n"
        "print(*said)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], input=b"", capture_output=True, check=True, timeout=60
    )
    assert ended.stdout == b"SIGHUP\n"


async def test_a_process_that_drains_goes_on_to_when_its_parent_is_killed() -> None:
    """Only somebody who asks twice cuts turns; one that served in peace begins to drain by it."""
    over = asyncio.Event()
    rooms: Any = SimpleNamespace(drain=over.wait)
    for asked in (True, False):
        server = _Server(Settings(), rooms, ignore, drains=True, shares=True)
        server.started = True
        server.servers = [await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)]
        with server.capture_signals():
            if asked:
                os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGHUP)
                await asyncio.sleep(0.1)
            assert server._draining is not None
            assert not server.should_exit
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.1)
            assert server.should_exit
            server._draining.cancel()


async def ignore(scope: Any, receive: Any, send: Any) -> None:
    """Serves nobody."""


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, False),
        ({"workers": 2}, True),
        ({"workers": 2, "redis_url": "redis://localhost"}, True),
        ({"workers": 2, "database_url": "postgresql://localhost/d"}, True),
        (
            {
                "workers": 2,
                "redis_url": "redis://localhost",
                "database_url": "postgresql://localhost/d",
            },
            False,
        ),
    ],
)
def test_several_processes_need_postgresql_and_redis(
    settings: dict[str, object], refused: bool
) -> None:
    """What they share, they share there; whoever sets less learns what is missing."""
    chosen = Settings(**settings)  # type: ignore[arg-type]  # of a table of cases
    if not refused:
        require_shared(chosen)
        return
    with pytest.raises(DuologueError, match="set database_url and redis_url") as caught:
        require_shared(chosen)
    assert caught.value.values["name"] == "workers"


def alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
