"""Requests, shared state, attributes and files on the socket, from the client's end."""

from __future__ import annotations

import asyncio
import binascii
import inspect
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from duologue import errors
from duologue.client.errors import RpcError, SessionConnectError
from duologue.client.road import FileComing, ReceivedFile, RpcHandler, StateShared, Tell
from duologue.client.socket_wire import ToServer
from duologue.errors import NotOnThisTransport
from duologue.wire import exchange as wire

log = logging.getLogger(__name__)

BROKEN: Final = 1503
"""LiveKit's number for one that is gone before it answered."""
TOO_LARGE: Final = 1402
BUSY: Final = 32
"""Requests of the agent that are answered at once."""
COMING: Final = 8
"""Files of the agent that may be on their way at once."""

Send = Callable[[ToServer], bool]
Drained = Callable[[], Awaitable[None]]


class Exchange:
    """What client and agent exchange beside the talk; who waits is told when the line breaks."""

    def __init__(self, tell: Tell, send: Send, drained: Drained) -> None:
        self._tell = tell
        self._send = send
        self._drained = drained
        self._handlers: dict[str, RpcHandler] = {}
        self._asked: dict[str, asyncio.Future[str]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._known: set[str] = set()
        """Keys of the shared state that have a value."""
        self._attributes: dict[str, str] = {}
        self._coming: dict[str, tuple[wire.FileBegin, bytearray]] = {}
        self._breaks = 0

    # ---------------------------------------------------------------- the line

    def opened(self) -> None:
        """Says again what the server may have forgotten with the agent that it lost."""
        if self._attributes:
            self._send(wire.AttributesSet(dict(self._attributes)))

    def broke(self) -> None:
        """Nobody answers any more what was asked, and files come no further."""
        self._coming.clear()
        self._breaks += 1
        for waiting in self._asked.values():
            if not waiting.done():
                words = "The line broke before the agent answered; ask again"
                waiting.set_exception(RpcError(BROKEN, words))

    async def close(self) -> None:
        """Ends every answer that is still being made."""
        self.broke()
        tasks = list(self._answering)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)

    def take(self, message: object) -> bool:
        """Does what a message of the server says; tells whether it was one of these."""
        match message:
            case wire.RpcRequest():
                self._asked_by_agent(message)
            case wire.RpcResponse(id, payload, error):
                self._answered(id, payload, error)
            case wire.StateSnapshot(values):
                for key in self._known - values.keys():
                    self._share(key, None)
                for key, value in values.items():
                    self._share(key, value)
            case wire.StateSet(key, value):
                self._share(key, value)
            case wire.FileBegin():
                self._begins(message)
            case wire.FileChunk(id, content):
                self._comes(id, content)
            case _:
                return False
        return True

    # ---------------------------------------------------------------- requests

    async def rpc(self, method: str, payload: str, *, within: float) -> str:
        """What the agent answers."""
        if len(payload.encode()) > wire.RPC_PAYLOAD:
            words = f"A request has at most {wire.RPC_PAYLOAD} bytes, not {len(payload.encode())}"
            raise RpcError(TOO_LARGE, words)
        id_ = uuid.uuid4().hex
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[id_] = waiting
        try:
            if not self._send(wire.RpcRequest(id_, method, payload, int(within * 1000))):
                raise RpcError(BROKEN, "The line is down, and no more waits for it; ask later")
            async with asyncio.timeout(within):
                return await waiting
        except TimeoutError:
            words = f"The agent did not answer {method!r} within {within:g} s"
            raise RpcError(wire.RPC_TIMEOUT, words) from None
        finally:
            del self._asked[id_]

    def on_rpc(self, method: str, handler: RpcHandler | None) -> None:
        """Answers the agent's requests of a method; none takes the handler away."""
        if handler is None:
            self._handlers.pop(method, None)
        else:
            self._handlers[method] = handler

    def _answered(self, id_: str, payload: str | None, error: wire.RpcError | None) -> None:
        waiting = self._asked.get(id_)
        if waiting is None or waiting.done():
            return
        if error is not None:
            waiting.set_exception(RpcError(error.code, error.message, error.data))
        else:
            waiting.set_result(payload or "")

    def _asked_by_agent(self, request: wire.RpcRequest) -> None:
        handler = self._handlers.get(request.method)
        if handler is None:
            words = f"this client has no method {request.method!r}"
            self._refuse(request, RpcError(wire.RPC_UNSUPPORTED, words))
        elif len(self._answering) >= BUSY:
            words = f"{BUSY} requests are being answered; ask again later"
            self._refuse(request, RpcError(wire.RPC_APPLICATION_ERROR, words))
        else:
            task = asyncio.create_task(self._answer(request, handler))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, request: wire.RpcRequest, handler: RpcHandler) -> None:
        try:
            async with asyncio.timeout(max(0.0, request.timeout_ms / 1000)):
                answer = handler(request.payload)
                text: Any = await answer if inspect.isawaitable(answer) else answer
            if not isinstance(text, str):
                raise TypeError(f"a handler returns text, not {type(text).__name__}")
        except errors.RpcError as error:
            self._refuse(request, error)
        except TimeoutError:
            self._refuse(request, RpcError(wire.RPC_TIMEOUT, "the handler took too long"))
        except Exception as error:
            log.exception("the handler of %r failed", request.method)
            self._refuse(request, RpcError(wire.RPC_APPLICATION_ERROR, str(error)))
        else:
            self._send(wire.RpcResponse(request.id, payload=text))

    def _refuse(self, request: wire.RpcRequest, error: errors.RpcError) -> None:
        said = wire.RpcError(error.code, error.message, error.data)
        self._send(wire.RpcResponse(request.id, error=said))

    # ---------------------------------------------------------------- state

    def set_state(self, key: str, value: Any) -> None:
        """Changes a value that the agent and all of its clients share."""
        if not self._send(wire.StateSet(key, value)):
            reason = f"the line is down, and too much waits for it: {key!r} was not set"
            raise SessionConnectError(reason, code="line_lost")

    def set_attributes(self, attributes: dict[str, str]) -> None:
        """Says something of us; an empty text takes it back."""
        self._attributes |= attributes
        self._send(wire.AttributesSet(dict(attributes)))  # else `opened` says it

    def _share(self, key: str, value: Any) -> None:
        if value is None:
            self._known.discard(key)
        else:
            self._known.add(key)
        self._tell(StateShared(key, value))

    # ---------------------------------------------------------------- files

    async def send_file(
        self, file: ReceivedFile, progress: Callable[[float], None] | None = None
    ) -> None:
        """Sends a file of up to a megabyte, chunk by chunk."""
        size = len(file.content)
        if size > wire.FILE_LIMIT:
            what = f"File {file.name!r}, with {size} bytes more than {wire.FILE_LIMIT},"
            raise NotOnThisTransport(what, "websocket")
        id_, line = file.id or uuid.uuid4().hex, self._breaks
        begin = wire.FileBegin(id_, file.name, size, file.mime_type, file.topic, file.attributes)
        whole = self._send(begin)
        for start in range(0, size, wire.FILE_CHUNK):
            chunk = file.content[start : start + wire.FILE_CHUNK]
            content = binascii.b2a_base64(chunk, newline=False).decode("ascii")
            whole = whole and self._send(wire.FileChunk(id_, content))
            await self._drained()
            if not whole or line != self._breaks:
                break
            if progress is not None:
                progress(min(1.0, (start + len(chunk)) / size))
        if not whole or line != self._breaks:
            reason = f"the line broke under file {file.name!r}; send it again"
            raise SessionConnectError(reason, code="line_lost")
        if not size and progress is not None:
            progress(1.0)

    def _begins(self, begin: wire.FileBegin) -> None:
        if not 0 <= begin.size <= wire.FILE_LIMIT:
            log.warning("file %r of %d bytes is too large", begin.name, begin.size)
            return
        while len(self._coming) >= COMING:  # the oldest will hardly end any more
            del self._coming[next(iter(self._coming))]
        self._coming[begin.id] = (begin, bytearray())
        self._arrived(begin.id)

    def _comes(self, id_: str, content: str) -> None:
        found = self._coming.get(id_)
        if found is None:
            return
        try:
            found[1].extend(binascii.a2b_base64(content))
        except ValueError:
            del self._coming[id_]
            log.warning("file %r is not base64", found[0].name)
            return
        self._arrived(id_)

    def _arrived(self, id_: str) -> None:
        begin, content = self._coming[id_]
        name, topic = begin.name, begin.topic
        self._tell(FileComing(id_, name, topic, min(len(content), begin.size), begin.size))
        if len(content) < begin.size:
            return
        del self._coming[id_]
        whole = bytes(content[: begin.size])
        self._tell(
            ReceivedFile(id_, name, begin.mime_type, topic, whole, begin.attributes, "agent")
        )
