"""Requests, shared state and files on the socket: each for a client that asked for it, by name."""

from __future__ import annotations

import binascii
import time
from collections.abc import Callable, Iterator
from typing import Final

from duologue.core import happenings as h
from duologue.core.bucket import Bucket
from duologue.errors import DuologueError
from duologue.pipeline.exchange import CAPABILITIES, NAME_LENGTH
from duologue.pipeline.seat import Seat
from duologue.wire import exchange as wire
from duologue.wire.layercode import BadFrame, encode_server

FILES_RATE: Final = wire.FILE_LIMIT
"""Bytes of files a second, after a burst of `FILES_BURST`."""
FILES_BURST: Final = 4 * wire.FILE_LIMIT
UNFINISHED: Final = 4
"""Files of one client that may be on their way at once."""
STALLED: Final = 30.0
"""Seconds without a chunk after which a file is forgotten."""
METHOD_LENGTH: Final = 256
"""Characters of a method's name, and of ids, topics and kinds."""

Exchanged = h.RpcAsked | h.RpcAnswered | h.StateShared | h.AttributesChanged | h.FileSent
"""What happens beside the talk."""

NEEDS: Final[dict[type[wire.FromClient], str]] = {
    wire.RpcRequest: "rpc",
    wire.RpcResponse: "rpc",
    wire.StateSet: "state",
    wire.AttributesSet: "state",
    wire.FileBegin: "files",
    wire.FileChunk: "files",
}
"""What a client must have asked for, to send a message."""


def messages(happening: Exchanged, capabilities: frozenset[str]) -> list[wire.FromServer]:
    """What tells a happening to a client; nothing where it did not ask. Files go by `pieces`."""
    told: wire.FromServer
    match happening:
        case h.RpcAsked(id, method, payload, timeout_ms):
            told, needs = wire.RpcRequest(id, method, payload, timeout_ms), "rpc"
        case h.RpcAnswered(id, payload, error):
            told, needs = wire.RpcResponse(id, payload, error), "rpc"
        case h.StateShared(key, value):
            told, needs = wire.StateSet(key, value), "state"
        case h.AttributesChanged(attributes):
            told, needs = wire.AttributesSet(attributes), "state"
        case h.FileSent():
            return []
    return [told] if needs in capabilities else []


def pieces(file: h.FileSent) -> Iterator[str]:
    """The frames of a file, made one by one as the client reads them."""
    size = len(file.content)
    begin = wire.FileBegin(file.id, file.name, size, file.mime_type, file.topic, file.attributes)
    yield encode_server(begin)
    for start in range(0, size, wire.FILE_CHUNK):
        chunk = file.content[start : start + wire.FILE_CHUNK]
        yield encode_server(
            wire.FileChunk(file.id, binascii.b2a_base64(chunk, newline=False).decode("ascii"))
        )


class Exchanging:
    """Does what one client's messages ask of the exchange."""

    def __init__(
        self,
        seat: Seat,
        capabilities: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = seat.run.exchange
        self._listener = seat.listener
        self._capabilities = capabilities
        self._files = Inbox(clock)
        self._exchange.takes(seat.listener, capabilities & CAPABILITIES)

    def first(self) -> list[wire.FromServer]:
        """What a client is told when it is ready: all that is shared so far."""
        if "state" not in self._capabilities:
            return []
        told: list[wire.FromServer] = [wire.StateSnapshot(self._exchange.state)]
        if self._exchange.agent_attributes:
            told.append(wire.AttributesSet(self._exchange.agent_attributes))
        return told

    def take(self, message: wire.FromClient) -> None:
        """Does what a message says; or `BadFrame`."""
        need = NEEDS[type(message)]
        if need not in self._capabilities:
            tag = type(message).__struct_config__.tag
            raise BadFrame(f"{tag} was not agreed on; ask for the capability {need!r}")
        try:
            self._take(message)
        except DuologueError as error:
            raise BadFrame(error.message) from None

    def _take(self, message: wire.FromClient) -> None:
        exchange, listener = self._exchange, self._listener
        match message:
            case wire.RpcRequest(id, method, payload, timeout_ms):
                _require_short("rpc.request", id, method)
                exchange.rpc(listener, id, method, payload, _seconds(timeout_ms))
            case wire.RpcResponse(id, payload, error):
                exchange.answer(id, payload, error, by=listener)
            case wire.StateSet(key, value):
                exchange.set_state(key, value)
            case wire.AttributesSet(attributes):
                exchange.attributes(attributes)
            case wire.FileBegin():
                self._hand_on(self._files.begin(message))
            case wire.FileChunk():
                self._hand_on(self._files.chunk(message))

    def _hand_on(self, file: h.FileSent | None) -> None:
        if file is not None:
            self._exchange.file(file)


class _Unfinished:
    """A file of which something is still to come."""

    def __init__(self, begin: wire.FileBegin, now: float) -> None:
        self.begin = begin
        self.content = bytearray()
        self.at = now


class Inbox:
    """Puts a client's files together; one that stalls, or is not what it said, is forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._bytes = Bucket(FILES_RATE, FILES_BURST, clock)
        self._unfinished: dict[str, _Unfinished] = {}

    def begin(self, begin: wire.FileBegin) -> h.FileSent | None:
        """A file begins; it is given back at once if it is empty."""
        now = self._clock()
        _require_short("file.begin", begin.id, begin.topic, begin.mime_type)
        if len(begin.name) > NAME_LENGTH:
            raise BadFrame(f"a file's name has at most {NAME_LENGTH} characters")
        if not 0 <= begin.size <= wire.FILE_LIMIT:
            raise BadFrame(
                f"file {begin.name!r} has {begin.size} bytes; the socket takes 0 to "
                f"{wire.FILE_LIMIT}: send larger ones in a room"
            )
        for id in [id for id, one in self._unfinished.items() if now - one.at > STALLED]:  # noqa: A001
            del self._unfinished[id]
        if begin.id in self._unfinished:
            raise BadFrame(f"file {begin.id!r} has begun already")
        if len(self._unfinished) >= UNFINISHED:
            raise BadFrame(f"{UNFINISHED} files are on their way; end one before the next")
        if not self._bytes.take(begin.size):
            raise BadFrame(f"more than {FILES_RATE} bytes of files a second; wait a little")
        self._unfinished[begin.id] = _Unfinished(begin, now)
        return self._whole(begin.id)

    def chunk(self, chunk: wire.FileChunk) -> h.FileSent | None:
        """The next bytes of a file; the file, if these were the last."""
        now = self._clock()
        found = self._unfinished.pop(chunk.id, None)  # and back again, if all is well
        if found is None:
            raise BadFrame(f"there is no file {chunk.id[:METHOD_LENGTH]!r} on its way")
        name = found.begin.name
        if now - found.at > STALLED:
            raise BadFrame(f"file {name!r} is forgotten: {STALLED:g} s passed without a chunk")
        try:
            content = binascii.a2b_base64(chunk.content, strict_mode=True)
        except ValueError as error:
            raise BadFrame(f"file {name!r} is not base64: {error}") from None
        if not 0 < len(content) <= wire.FILE_CHUNK:
            raise BadFrame(f"file {name!r}: a chunk has 1 to {wire.FILE_CHUNK} bytes")
        found.content += content
        if len(found.content) > found.begin.size:
            raise BadFrame(f"file {name!r} is larger than the {found.begin.size} bytes it has said")
        found.at = now
        self._unfinished[chunk.id] = found
        return self._whole(chunk.id)

    def _whole(self, id: str) -> h.FileSent | None:  # noqa: A002
        found = self._unfinished[id]
        begin = found.begin
        if len(found.content) < begin.size:
            return None
        del self._unfinished[id]
        return h.FileSent(
            id, begin.name, begin.mime_type, begin.topic, begin.attributes, bytes(found.content)
        )


def _require_short(kind: str, *texts: str) -> None:
    for text in texts:
        if len(text) > METHOD_LENGTH:
            raise BadFrame(
                f"{kind}: ids, methods, topics and kinds have at most {METHOD_LENGTH} characters"
            )


def _seconds(timeout_ms: int) -> float:
    """A request's patience; a number that no clock has is cut."""
    return min(max(timeout_ms, 0), 86_400_000) / 1000
