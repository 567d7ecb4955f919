"""A small load balancer of the tests: each connection goes to the next process that takes it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tests.processes.guest import PATIENCE


class Proxy:
    """Passes bytes on as they are, and knows nothing of who is ready, or draining."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._next = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.taken: list[int] = []
        """Which process took each connection, by its place among the ports."""
        self.url = ""

    def cut(self) -> None:
        """Cuts every line that is open now."""
        self._do(self._cut())

    def start(self) -> None:
        """Listens, in a thread of its own."""
        self._thread.start()
        self._do(self._open())

    def stop(self) -> None:
        """Listens no more, and cuts every line."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ------------------------------------------------------------ within

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            found = await self._dial()
            if found is not None:
                try:
                    await _joined((reader, found[1]), (found[0], writer))
                finally:
                    found[1].close()
        except asyncio.CancelledError:
            pass  # we close; asyncio would tell of it
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the next process; none if all refuse."""
        for _ in self._ports:
            place = self._next % len(self._ports)
            self._next += 1
            with suppress(OSError):
                found = await asyncio.open_connection("127.0.0.1", self._ports[place])
                self.taken.append(place)
                return found
        return None


async def _joined(*ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Passes both ways on until one ends: what is half closed is closed."""
    tasks = {asyncio.create_task(_passed(*way)) for way in ways}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@contextmanager
def proxy(ports: Sequence[int]) -> Iterator[Proxy]:
    """A proxy in front of these ports of loopback."""
    made = Proxy(ports)
    made.start()
    try:
        yield made
    finally:
        made.stop()


async def until(true: Callable[[], bool], what: str) -> None:
    """Returns as soon as something is true."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110 - nothing tells when it changes
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited for {what}") from None
