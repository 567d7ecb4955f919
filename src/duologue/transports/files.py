"""Files on the socket: in pieces, one by one out, and put together again on their way in."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator
from typing import Final

from duologue.core.bucket import Bucket
from duologue.core.happenings import FileSent
from duologue.pipeline.exchange import NAME_LENGTH
from duologue.wire import exchange as wire
from duologue.wire.layercode import BadFrame, encode_server

FILES_RATE: Final = wire.FILE_LIMIT
"""Bytes of files a second, after a burst of `FILES_BURST`."""
FILES_BURST: Final = 4 * wire.FILE_LIMIT
UNFINISHED: Final = 4
"""Files of one client that may be on their way at once."""
STALLED: Final = 30.0
"""Seconds without a chunk after which a file is forgotten."""
SHORT: Final = 256
"""Characters of a method's name, and of ids, topics and kinds."""


def pieces(file: FileSent) -> Iterator[str]:
    """The frames of a file, made one by one as the client reads them."""
    size = len(file.content)
    begin = wire.FileBegin(file.id, file.name, size, file.mime_type, file.topic, file.attributes)
    yield encode_server(begin)
    for start in range(0, size, wire.FILE_CHUNK):
        chunk = file.content[start : start + wire.FILE_CHUNK]
        yield encode_server(
            wire.FileChunk(file.id, binascii.b2a_base64(chunk, newline=False).decode("ascii"))
        )


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

    def begin(self, begin: wire.FileBegin) -> FileSent | None:
        """A file begins; it is given back at once if it is empty."""
        now = self._clock()
        require_short("file.begin", begin.id, begin.topic, begin.mime_type)
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

    def chunk(self, chunk: wire.FileChunk) -> FileSent | None:
        """The next bytes of a file; the file, if these were the last."""
        now = self._clock()
        found = self._unfinished.pop(chunk.id, None)  # and back again, if all is well
        if found is None:
            raise BadFrame(f"there is no file {chunk.id[:SHORT]!r} on its way")
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

    def _whole(self, id: str) -> FileSent | None:  # noqa: A002
        found = self._unfinished[id]
        begin = found.begin
        if len(found.content) < begin.size:
            return None
        del self._unfinished[id]
        return FileSent(
            id, begin.name, begin.mime_type, begin.topic, begin.attributes, bytes(found.content)
        )


def require_short(kind: str, *texts: str) -> None:
    """Refuses names that are longer than any name."""
    for text in texts:
        if len(text) > SHORT:
            raise BadFrame(
                f"{kind}: ids, methods, topics and kinds have at most {SHORT} characters"
            )
