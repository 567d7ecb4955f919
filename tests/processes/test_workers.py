"""The parent of several processes: what it starts, starts again, renews and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from duologue.errors import DuologueError
from duologue.server import workers
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
