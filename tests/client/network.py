"""A network between a client and a server that can be cut, and stay cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class Network:
    """Carries bytes both ways between its own address and a server's."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.down = False
        """While it is, every connection is refused."""
        self.held = False
        """While it is, connections stand and nothing comes through from the server."""
        self.url = ""

    async def open(self) -> None:
        """Listens."""
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Ends every connection without a word."""
        for end in list(self._ends):
            end.transport.abort()

    async def close(self) -> None:
        """Ends everything."""
        self.cut()
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        try:
            there, to_there = await asyncio.open_connection(self._host, self._port)
        except OSError:  # nobody is there
            writer.transport.abort()
            return
        self._ends |= {writer, to_there}
        pairs = ((reader, to_there, False), (there, writer, True))
        tasks = {asyncio.create_task(self._carry(*pair)) for pair in pairs}
        self._tasks |= tasks
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, to_there):
            end.transport.abort()
            self._ends.discard(end)
        await asyncio.wait(tasks)
        self._tasks -= tasks

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, held: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                while held and self.held:  # noqa: ASYNC110  # until the test lets it go
                    await asyncio.sleep(0.02)
                target.write(data)
                await target.drain()


@contextlib.asynccontextmanager
async def between(url: str) -> AsyncIterator[Network]:
    """A network before a server."""
    network = Network(url)
    await network.open()
    try:
        yield network
    finally:
        await network.close()
