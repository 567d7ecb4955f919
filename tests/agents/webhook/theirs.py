"""A back end of somebody's own: it takes webhooks, and answers as a test says, or not at all."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any, Self

from tests.trace.receiver import Request, _read, until

Handler = Callable[["Answering"], Awaitable[None]]


class Answering:
    """One request, and the stream of its answer."""

    def __init__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.event: dict[str, Any] = request.json
        self._writer = writer
        self._began = False
        self.ended = False
        self.aborted = asyncio.Event()
        """Set when the other side hung up before the end."""

    def tts(self, content: str) -> None:
        """Words to say."""
        self.send({"type": "response.tts", "content": content})

    def data(self, content: Any) -> None:
        """JSON for the client."""
        self.send({"type": "response.data", "content": content})

    def end(self) -> None:
        """The last event."""
        self.send({"type": "response.end"})
        self.close()

    def send(self, event: dict[str, Any]) -> None:
        """Any event."""
        self.raw(f"data: {json.dumps(event | {'turn_id': self.event.get('turn_id')})}\n\n".encode())

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        """The head of the answer, which otherwise comes with its first piece."""
        self._began = True
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n{more}"
        )
        self._writer.write(head.encode() + b"\r\n")

    def raw(self, piece: bytes) -> None:
        """Bytes of the body."""
        if not self._began:
            self.begin()
        self._writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def close(self) -> None:
        """The end of the body."""
        if not self._began:
            self.begin()
        self.ended = True
        self._writer.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Closes the connection in the middle of the body."""
        self.ended = True
        self._writer.transport.abort()


async def silent(answering: Answering) -> None:
    """Takes everything and says nothing."""
    answering.end()


class Theirs:
    """The back end, on a port of its own; `takes` holds a handler for each kind of event."""

    def __init__(self, **takes: Handler) -> None:
        self.takes: dict[str, Handler] = {name.replace("_", "."): on for name, on in takes.items()}
        self.asked: list[Answering] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/api/agent"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """What came, in order; of one kind, if one is named."""
        return [each.event for each in self.asked if kind in ("", each.event["type"])]

    async def event(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The event of a kind that came as the so-manieth."""
        await until(lambda: len(self.events(kind)) >= count)
        return self.events(kind)[count - 1]

    def is_signed(self, answering: Answering, secret: str) -> bool:
        """Whether the signature is that of the body as JavaScript writes it anew."""
        seconds, _, found = answering.request.headers["layercode-signature"].partition(",v1=")
        signed = f"{seconds.removeprefix('t=')}.".encode() + answering.request.body
        return hmac.new(secret.encode(), signed, sha256).hexdigest() == found

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None
        self._talks.add(me)
        try:
            while request := await _read(reader):
                answering = Answering(request, writer)
                self.asked.append(answering)
                handler = self.takes.get(answering.event["type"], silent)
                watching = asyncio.create_task(_watch(reader, answering))
                try:
                    await handler(answering)
                    if not answering.ended:
                        await answering.aborted.wait()
                finally:
                    watching.cancel()
                    with suppress(asyncio.CancelledError):
                        await watching
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(me)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


async def _watch(reader: asyncio.StreamReader, answering: Answering) -> None:
    """Notices that the other side hung up; the clients of these tests send nothing meanwhile."""
    while not reader.at_eof():  # noqa: ASYNC110  # nothing tells when
        await asyncio.sleep(0.02)
    if not answering.ended:
        answering.aborted.set()
