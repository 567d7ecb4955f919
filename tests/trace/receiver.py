"""Another machine that takes telemetry: it answers as a test says, late, wrongly or not at all."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, Self


class Request(NamedTuple):
    """What arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class Answer(NamedTuple):
    """What is answered, after how long; `cut` closes the connection in its middle."""

    code: int = 200
    body: bytes = b""
    kind: str = "application/json"
    after: float = 0.0
    cut: bool = False


Behaviour = Callable[[Request], Answer]
FOREVER = 3600.0


async def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    """Waits until it is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # whatever is waited for, nothing tells when
            await asyncio.sleep(0.01)


def fine(request: Request) -> Answer:
    """Takes everything."""
    return Answer()


class Receiver:
    """An HTTP server on a free port; what it takes is what it answered below 400 and whole."""

    def __init__(self, behaviour: Behaviour = fine) -> None:
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.taken: list[Request] = []
        self.answered = 0
        self.url = ""
        self._server: asyncio.Server | None = None
        self._port = 0
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        """Listens; on the same port as before where it was up."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def down(self) -> None:
        """Is not there any more, and cuts what was being said."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            for talk in list(self._talks):
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)
            await server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None
        self._talks.add(me)
        try:
            while request := await _read(reader):
                self.requests.append(request)
                answer = self.behaviour(request)
                if answer.after:
                    await asyncio.sleep(answer.after)
                self.answered += 1
                head = (
                    f"HTTP/1.1 {answer.code} X\r\nContent-Type: {answer.kind}\r\n"
                    f"Content-Length: {len(answer.body)}\r\n\r\n"
                ).encode()
                if answer.cut:
                    writer.write(head[:20])
                    return
                writer.write(head + answer.body)
                await writer.drain()
                if answer.code < 400:
                    self.taken.append(request)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(me)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; none when it ends."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    except asyncio.IncompleteReadError:
        return None
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)
