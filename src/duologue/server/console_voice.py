"""A person's microphone in a live conversation: one socket, by which they also hear the visitor.

Sound goes both ways as PCM16 mono at 16 kHz. It reaches a run of this process only: the bus
carries words and orders, and sound that takes a way round through it would be late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Final

import msgspec
from litestar import WebSocket, websocket

from duologue.access import console
from duologue.access.console import Reader
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.pipeline.takeover import SOMEBODY, Takeover
from duologue.pipeline.utterance import RATE
from duologue.server.console_live import PRESENT
from duologue.server.console_page import COOKIE
from duologue.server.console_streams import BEAT, still
from duologue.server.ordering import order
from duologue.transports.allowance import Allowance
from duologue.transports.upgrade import refuse
from duologue.wire import live as wire
from duologue.wire.layercode import BadFrame

WAITING: Final = RATE * 2
"""Bytes of the visitor's sound, a second, that wait for a slow page; the oldest is lost first."""


class Opened(msgspec.Struct, frozen=True, tag="open", tag_field="type"):
    """The first message: the microphone is heard from now on."""

    rate: int
    written: bool
    """Whether what is said will stand in the transcript."""


class Closing(msgspec.Struct, frozen=True, tag="closing", tag_field="type"):
    """The last message: why nothing is heard any more."""

    code: str
    message: str = ""


@websocket("/live/{conversation:str}/voice")
async def voice(socket: WebSocket[Any, Any, Any], host: Host, conversation: str) -> None:
    """Lets whoever has taken over speak and hear."""
    cookie = socket.cookies.get(COOKIE, "")
    try:
        reader = await host.db.read(console.reader, cookie, host.clock())
        reader.require_owner()
    except DuologueError as error:
        await refuse(error, socket.scope, socket.send)  # type: ignore[arg-type]  # same ASGI
        return
    await socket.accept()
    line = _Line(socket, host, reader, cookie, conversation)
    try:
        takeover = await _of(host, reader, conversation)
        await line.serve(takeover)
    except DuologueError as error:  # a page reads what a socket says, and no refused upgrade
        await line.close(Closing(error.code, error.message))


async def _of(host: Host, reader: Reader, conversation: str) -> Takeover:
    """The takeover of this reader, where it is within reach."""
    shown = await order(host, reader.org_id, conversation, wire.Look())
    if shown.holder is None:
        raise DuologueError("not_taken_over", conversation=conversation)
    if shown.holder.by != reader.id:
        who = shown.holder.name or SOMEBODY
        raise DuologueError("taken_over", conversation=conversation, who=who)
    if shown.hidden:
        raise DuologueError("voice_hidden", conversation=conversation)
    run = host.run_of(conversation)
    if run is None or run.id != shown.run:
        raise DuologueError("voice_elsewhere", conversation=conversation)
    return run.takeover


class _Line:
    """One open socket: what is heard goes up, what is said comes down, until one of both ends."""

    def __init__(
        self,
        socket: WebSocket[Any, Any, Any],
        host: Host,
        reader: Reader,
        cookie: str,
        conversation: str,
    ) -> None:
        self._socket = socket
        self._host = host
        self._reader = reader
        self._cookie = cookie
        self._conversation = conversation
        self._waiting: deque[bytes] = deque()
        self._held = 0
        self._news = asyncio.Event()
        self._why: str | None = None
        self._allowance = Allowance()

    async def serve(self, takeover: Takeover) -> None:
        """Runs both ways; the person's line is given back, whatever happens."""
        work: list[asyncio.Task[None]] = []
        try:
            written = takeover.pick_up(self._reader.id, self._heard, self._over)
            await self._tell(Opened(RATE, written))
            ways = (self._listen(takeover), self._play(), self._stay())
            work += [asyncio.create_task(each) for each in ways]
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            if work:
                await asyncio.wait(work)
            if self._why is None:  # ours, and not that of a page that took its place
                takeover.hang_up(self._reader.id)
        for task in done:
            task.result()
        if self._why is not None:
            await self.close(Closing(self._why))

    async def close(self, last: Closing) -> None:
        """Says why, and closes."""
        await self._tell(last)
        await self._socket.close()

    # ------------------------------------------------------------ within

    def _heard(self, pcm: bytes) -> None:
        """The visitor's sound, which a slow page does not get late."""
        self._waiting.append(pcm)
        self._held += len(pcm)
        while self._held > WAITING:
            self._held -= len(self._waiting.popleft())
        self._news.set()

    def _over(self, why: str) -> None:
        if self._why is None:
            self._why = why
            self._news.set()

    async def _play(self) -> None:
        while self._why is None:
            self._news.clear()
            while self._waiting:
                pcm = self._waiting.popleft()
                self._held -= len(pcm)
                await self._send({"type": "websocket.send", "bytes": pcm, "text": None})
            if self._why is None:
                await self._news.wait()

    async def _listen(self, takeover: Takeover) -> None:
        while (event := await self._socket.receive())["type"] != "websocket.disconnect":
            pcm = event.get("bytes")
            if not isinstance(pcm, bytes) or len(pcm) % 2:
                reason = "a microphone sends PCM16 in binary frames, and nothing else"
                raise DuologueError("bad_request", reason=reason)
            try:
                self._allowance.message(len(pcm))
                self._allowance.piece(len(pcm))
            except BadFrame as bad:
                raise DuologueError("bad_request", reason=bad) from None
            if self._allowance.sound(len(pcm) / 2 / RATE):
                takeover.hear(self._reader.id, pcm)

    async def _stay(self) -> None:
        """Says that the person is there, as long as they are signed in as who they were."""
        while await still(self._host, self._cookie, self._reader):
            stay = wire.Stay(self._reader.id, PRESENT)
            await order(self._host, self._reader.org_id, self._conversation, stay)
            await asyncio.sleep(BEAT)
        raise DuologueError("console_signed_out")

    async def _tell(self, message: msgspec.Struct) -> None:
        text = msgspec.json.encode(message).decode()
        await self._send({"type": "websocket.send", "bytes": None, "text": text})

    async def _send(self, event: Any) -> None:
        with suppress(OSError):  # the page is gone; what reads it learns of it, too
            await self._socket.send(event)


DOORS = [voice]
