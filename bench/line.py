"""A WebSocket client that costs its process next to nothing: whole frames, made beforehand.

What it sends is masked with zeros, which the standard allows a client to choose by chance and a
server cannot tell from any other mask.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import Final, cast

TEXT: Final = 1
CLOSE: Final = 8
PING: Final = 9


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One whole masked frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + bytes(4) + payload


class Refused(Exception):
    """The server did not upgrade; the text is its whole answer."""


class Socket(asyncio.Protocol):
    """One connection; text frames go to `taken`, the end to `lost`."""

    def __init__(self, taken: Callable[[bytes], None]) -> None:
        self.taken = taken
        self.lost: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Resolves with the close code; 1006 without one."""
        self._open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._data = b""
        self._code = 1006
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, port: int, path: str, taken: Callable[[bytes], None]) -> Socket:
        """An open socket, or `Refused`."""
        loop = asyncio.get_running_loop()
        socket = cls(taken)
        await loop.create_connection(lambda: socket, "127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        socket.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        async with asyncio.timeout(60):
            await socket._open
        return socket

    def write(self, data: bytes) -> None:
        """Sends bytes as they are; nothing once the line is down."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self, code: int = 1000) -> None:
        """Says goodbye and hangs up."""
        self.write(frame(struct.pack(">H", code), CLOSE))
        if self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        """Cuts the line without a word."""
        if self._transport is not None:
            self._transport.abort()

    # ------------------------------------------------------------ asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line is up."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        """Takes what came, frame by frame."""
        self._data += data
        if not self._open.done():
            head, found, rest = self._data.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:20]:
                self._open.set_exception(Refused(self._data.decode("latin-1")))
                return
            self._data = rest
            self._open.set_result(None)
        self._frames()

    def connection_lost(self, error: Exception | None) -> None:
        """The line is down."""
        if not self._open.done():
            self._open.set_exception(Refused(self._data.decode("latin-1") or str(error)))
        if not self.lost.done():
            self.lost.set_result(self._code)

    def _frames(self) -> None:
        data, at = self._data, 0
        while len(data) - at >= 2:
            opcode, size, start = data[at] & 15, data[at + 1], at + 2
            if size == 126:
                if len(data) - at < 4:
                    break
                size, start = struct.unpack_from(">H", data, at + 2)[0], at + 4
            elif size == 127:
                if len(data) - at < 10:
                    break
                size, start = struct.unpack_from(">Q", data, at + 2)[0], at + 10
            if len(data) < start + size:
                break
            at = start + size
            payload = data[start:at]
            if opcode == TEXT:
                self.taken(payload)
            elif opcode == PING:
                self.write(frame(payload, 10))
            elif opcode == CLOSE and size >= 2:
                self._code = struct.unpack_from(">H", payload)[0]
                self.close(self._code)
        self._data = data[at:]
