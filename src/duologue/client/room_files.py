"""Files in a room: LiveKit's byte streams, whole and with their progress, both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from livekit import rtc

from duologue.client.errors import NotConnected, SessionConnectError
from duologue.client.road import FileComing, ReceivedFile, Tell
from duologue.client.room_secrecy import Secrecy
from duologue.client.signals import Changes
from duologue.client.tasks import Tasks
from duologue.wire import rooms

FILES: Final = "files"
CHUNK: Final = 64 * 1024
ATTACHED: Final = 30.0
"""Seconds that a written message waits for the files that it told of."""
LIMIT: Final = 256 * 1024 * 1024
"""Bytes of one file; what is larger is dropped, so that nobody fills our memory."""
PIECE: Final = 10.0
"""Seconds in which one chunk must leave."""


class Files:
    """Takes the files of its topics, and sends ours."""

    def __init__(self, tasks: Tasks, secrecy: Secrecy) -> None:
        self._tasks = tasks
        self._secrecy = secrecy
        self._room: rtc.Room | None = None
        self._tell: Tell = lambda _: None
        self._topics = {FILES, rooms.CHAT}
        self._changes = Changes()
        self._attached: dict[str, ReceivedFile] = {}

    def attach(self, room: rtc.Room, tell: Tell) -> None:
        """Registers for the files of a room."""
        self._room, self._tell = room, tell
        for topic in self._topics:
            self._register(room, topic)

    def detach(self, room: rtc.Room) -> None:
        """Takes everything from a room that `attach` gave to it."""
        for topic in self._topics:
            room.unregister_byte_stream_handler(topic)
        self._room = None

    def take(self, topic: str) -> None:
        """Takes the files of one more topic."""
        if topic not in self._topics:
            self._topics.add(topic)
            if self._room is not None:
                self._register(self._room, topic)

    async def send(
        self,
        file: ReceivedFile,
        progress: Callable[[float], None] | None,
        *,
        topic: str = "",
    ) -> None:
        """Sends a file to everybody in the room; `progress` is told shares of 1."""
        if self._room is None:
            raise NotConnected("sending a file")
        writer = await self._room.local_participant.stream_bytes(
            file.name,
            total_size=len(file.content),
            mime_type=file.mime_type,
            attributes=file.attributes,
            stream_id=file.id,
            topic=topic or file.topic,
        )
        for start in range(0, len(file.content), CHUNK):
            piece = file.content[start : start + CHUNK]
            async with asyncio.timeout(PIECE):
                await writer.write(piece)
            if progress is not None:
                progress((start + len(piece)) / len(file.content))
        await writer.aclose()
        if progress is not None and not file.content:
            progress(1.0)

    async def attached(self, ids: Sequence[str]) -> tuple[ReceivedFile, ...]:
        """The files that a written message told of, as many as come in time."""
        try:
            async with asyncio.timeout(ATTACHED):
                await self._changes.wait(lambda: all(each in self._attached for each in ids))
        except TimeoutError:
            pass
        found = [self._attached.pop(each, None) for each in ids]
        return tuple(each for each in found if each is not None)

    # ------------------------------------------------------------ what comes

    def _register(self, room: rtc.Room, topic: str) -> None:
        try:
            room.register_byte_stream_handler(topic, self._opened)
        except ValueError as error:
            raise SessionConnectError(f"the rtc.Room cannot be used: {error}") from error

    def _opened(self, reader: rtc.ByteStreamReader, sender: str) -> None:
        self._tasks.start(self._read(reader, sender))

    async def _read(self, reader: rtc.ByteStreamReader, sender: str) -> None:
        info = reader.info
        content = bytearray()
        try:
            if not await self._secrecy.believes(sender):
                return
            async for piece in reader:
                content += piece
                if len(content) > LIMIT:
                    return
                size = info.size or 0
                coming = FileComing(info.stream_id, info.name, info.topic, len(content), size)
                self._tell(coming)
        except rtc.StreamError:
            return  # a part of a file is no file
        finally:
            reader.close()
        file = ReceivedFile(
            info.stream_id,
            info.name,
            info.mime_type,
            info.topic,
            bytes(content),
            dict(info.attributes or {}),
            sender,
        )
        if info.topic == rooms.CHAT:
            self._attached[file.id] = file
            self._changes.notify()
        self._tell(file)
