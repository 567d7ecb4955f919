"""The supervisor: one child at a time, on one port, started anew when a file is saved."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from duologue.cli.supervisor import Supervisor

# A child that binds the port that it is told, says where, and exits when it is asked to.
CHILD = """
import json, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if "broken" in open(sys.argv[1]).read():
    sys.exit(3)
listener = socket.create_server(("127.0.0.1", int(sys.argv[3])))
port = listener.getsockname()[1]
print(json.dumps({"event": "listening", "url": f"http://127.0.0.1:{port}"}), flush=True)
signal.pause()
"""


class Heard:
    """What a supervisor told, and a way to wait for it."""

    def __init__(self) -> None:
        self.urls: list[tuple[str, bool]] = []
        self.said: list[str] = []
        self._news = asyncio.Event()

    def listening(self, url: str, first: bool) -> None:
        """A child listens."""
        self.urls.append((url, first))
        self._news.set()

    def say(self, line: str) -> None:
        """A line for people."""
        self.said.append(line)
        self._news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits for news until it is true."""
        async with asyncio.timeout(30):
            while not true():
                await self._news.wait()
                self._news.clear()


def supervisor(folder: Path, heard: Heard) -> Supervisor:
    """A supervisor of the child above, watched through `agent.py`."""
    child = folder / "child.txt"
    child.write_text(CHILD)
    command = [sys.executable, str(child), str(folder / "agent.py")]
    return Supervisor(command, os.environ, 0, heard.listening, heard.say)


async def test_a_saved_file_starts_a_new_child_on_the_same_port(tmp_path: Path) -> None:
    """The first child chooses the port, all later ones keep it, and a signal ends it all."""
    agent = tmp_path / "agent.py"
    agent.write_text("one")
    heard = Heard()
    running = asyncio.create_task(supervisor(tmp_path, heard).run([agent]))
    await heard.until(lambda: len(heard.urls) == 1)
    agent.write_text("two")
    await heard.until(lambda: len(heard.urls) == 2)
    (tmp_path / "helper.py").write_text("a neighbour that the agent imports")
    await heard.until(lambda: len(heard.urls) == 3)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await running == 0
    assert {url for url, _ in heard.urls} == {heard.urls[0][0]}
    assert [first for _, first in heard.urls] == [True, False, False]


async def test_a_broken_save_waits_for_the_next_one(tmp_path: Path) -> None:
    """A child that dies is told of, and the next saved file starts another."""
    agent = tmp_path / "agent.py"
    agent.write_text("one")
    heard = Heard()
    running = asyncio.create_task(supervisor(tmp_path, heard).run([agent]))
    await heard.until(lambda: len(heard.urls) == 1)
    agent.write_text("broken")
    await heard.until(lambda: len(heard.said) == 1)
    agent.write_text("mended")
    await heard.until(lambda: len(heard.urls) == 2)
    os.kill(os.getpid(), signal.SIGINT)
    assert await running == 0


async def test_a_child_that_never_listened_ends_the_command(tmp_path: Path) -> None:
    """A mistake at the start is the command's own exit code."""
    agent = tmp_path / "agent.py"
    agent.write_text("broken")
    heard = Heard()
    assert await supervisor(tmp_path, heard).run([agent]) == 3
    assert heard.urls == []
