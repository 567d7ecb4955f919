"""Keeps a child process running, and starts it anew on the same port when a file changes."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from watchfiles import Change, awatch
from watchfiles.main import FileChange

PATIENCE = 15.0
"""Seconds for a child to say goodbye to its callers before it is killed."""


class Supervisor:
    """One child at a time; the port that the first one got is the port of all."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        port: int,
        listening: Callable[[str, bool], None],
        say: Callable[[str], None],
    ) -> None:
        self._command = command
        self._environment = dict(environment)
        self._port = port
        self._listening = listening
        self._say = say
        self._first = True
        self._stop = asyncio.Event()

    async def run(self, files: Sequence[Path]) -> int:
        """Runs until a signal; the exit code of the last child if that never listened."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self._stop.set)
        watched = {each.resolve() for each in files}
        folders = {each.parent for each in watched}

        def matters(_: Change, path: str) -> bool:
            # A helper module beside an agent's file counts; the database beside it does not.
            return path.endswith(".py") or Path(path) in watched

        changes = awatch(*folders, watch_filter=matters, stop_event=self._stop, recursive=False)
        code = 0
        while not self._stop.is_set():
            child = await self._start()
            reader = asyncio.create_task(self._read(child))
            changed = asyncio.create_task(_next(changes))
            gone = asyncio.create_task(child.wait())
            try:
                await asyncio.wait({changed, gone}, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() and not changed.done() and not self._stop.is_set():
                    code = child.returncode or 0
                    if self._first:
                        self._stop.set()
                        break
                    self._say("The server stopped. It starts again when a file is saved.")
                    await changed
                    code = 0
            finally:
                await _end(child)
                await asyncio.gather(reader, gone)
                if not changed.done():
                    self._stop.set()
                await changed
        await changes.aclose()
        return code

    async def _start(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            "--port",
            str(self._port),
            env=self._environment,
            # The child reads nothing from it, but sees it close if we are killed.
            stdin=PIPE,
            stdout=PIPE,
            # A terminal's Ctrl-C goes to us alone, and we tell the child.
            start_new_session=True,
        )

    async def _read(self, child: Process) -> None:
        if child.stdout is None:  # pragma: no cover - it was asked to be a pipe
            return
        async for line in child.stdout:
            with suppress(msgspec.DecodeError, TypeError, KeyError):
                url = str(msgspec.json.decode(line)["url"])
                self._port = self._port or _port_in(url)
                self._listening(url, self._first)
                self._first = False


async def _next(changes: AsyncGenerator[set[FileChange], None]) -> None:
    """Returns at the next change, or when the watching ends."""
    await anext(changes, None)


def _port_in(url: str) -> int:
    """The port in an address; 0 when a public address before a proxy names none."""
    tail = url.rpartition(":")[2]
    return int(tail) if tail.isdecimal() else 0


async def _end(child: Process) -> None:
    """Lets the child close in peace, within bounds."""
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(PATIENCE):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
