"""What users send into a room, to whom it belongs: also what comes before they are linked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from livekit import rtc

from duologue.core.happenings import FileSent
from duologue.transports.allowance import WORDS_LENGTH
from duologue.transports.livekit import early
from duologue.transports.livekit.link import Link
from duologue.wire.rooms import CHAT, OURS, PRE_CONNECT

log = structlog.get_logger(__name__)

PATIENCE: Final = 10.0
"""Seconds for a written message to come whole."""
FILE_LIMIT: Final = 64 * 1024 * 1024
STRANGE_LIMIT: Final = 1024 * 1024
"""Bytes of a file of somebody who is not linked yet."""
FILE_TIME: Final = 120.0
AT_ONCE: Final = 4
"""Files that may be on their way to one agent."""
STRANGERS: Final = 16
LETTERS: Final = 64
"""What so many participants may send each before they are seen; more is a flood."""

Letter = Callable[[Link], None]
Spawn = Callable[[Coroutine[Any, Any, Any]], None]


class AttentiveRoom(rtc.Room):
    """A room that knows who sent a packet, also before its sender is announced to us."""

    sender = ""
    on_file: Callable[[rtc.ByteStreamReader, str], None]

    def _on_room_event(self, event: Any) -> None:
        # A participant without tracks is announced seconds late, and its packets come without it.
        if event.WhichOneof("message") == "data_packet_received":
            self.sender = event.data_packet_received.participant_identity
        super()._on_room_event(event)

    def _handle_byte_stream_opened(self, opened: Any) -> None:
        # A handler takes one topic; which topics an agent's clients use, only they know.
        topic = opened.reader.info.topic
        if topic in self._byte_stream_handlers:
            super()._handle_byte_stream_opened(opened)
            return
        self._byte_stream_handlers[topic] = self.on_file
        try:
            super()._handle_byte_stream_opened(opened)
        finally:
            del self._byte_stream_handlers[topic]


class Mail:
    """Takes messages, packets and early sound, and keeps those of users who are not linked yet."""

    def __init__(
        self, room: AttentiveRoom, link_of: Callable[[str], Link | None], spawn: Spawn
    ) -> None:
        self._room = room
        self._link_of = link_of
        self._spawn = spawn
        self._kept: dict[str, list[Letter]] = {}
        self._reading = 0
        self._last: dict[str, asyncio.Future[None]] = {}

    def register(self) -> None:
        """Listens; before the room is entered, so that nothing is missed."""
        self._room.register_text_stream_handler(CHAT, self._chat)
        self._room.register_byte_stream_handler(PRE_CONNECT, self._early)
        self._room.on_file = self._file
        self._room.on("data_received", self._packet)

    def deliver(self, link: Link) -> None:
        """Hands over what a user sent before it was linked."""
        for letter in self._kept.pop(link.identity, []):
            letter(link)

    # ------------------------------------------------------------ within

    def _to(self, identity: str, letter: Letter) -> None:
        if (link := self._link_of(identity)) is not None:
            letter(link)
        elif identity in self._kept or len(self._kept) < STRANGERS:
            kept = self._kept.setdefault(identity, [])
            if len(kept) < LETTERS:
                kept.append(letter)

    def _packet(self, packet: rtc.DataPacket) -> None:
        identity = packet.participant.identity if packet.participant else self._room.sender
        if packet.topic == OURS:
            self._to(identity, lambda link: link.deeds.packet(packet.data))
        elif not packet.topic and identity:
            self._to(identity, lambda link: link.deeds.data(packet.data))

    def _chat(self, reader: rtc.TextStreamReader, identity: str) -> None:
        before = self._last.get(identity)
        done = self._last[identity] = asyncio.get_running_loop().create_future()
        self._spawn(self._read_chat(reader, identity, before, done))

    async def _read_chat(
        self,
        reader: rtc.TextStreamReader,
        identity: str,
        before: asyncio.Future[None] | None,
        done: asyncio.Future[None],
    ) -> None:
        try:
            text = ""
            async with asyncio.timeout(PATIENCE):
                async for piece in reader:
                    text += piece
                    if len(text) > WORDS_LENGTH:
                        break
                if before is not None:
                    await before  # messages keep the order in which they were begun
            self._to(identity, lambda link: link.deeds.write(text))
        except (rtc.StreamError, TimeoutError) as error:
            log.info("message did not come whole", identity=identity, error=str(error))
        finally:
            reader.close()
            done.set_result(None)
            if self._last.get(identity) is done:
                del self._last[identity]

    def _file(self, reader: rtc.ByteStreamReader, identity: str) -> None:
        self._spawn(self._read_file(reader, identity))

    async def _read_file(self, reader: rtc.ByteStreamReader, identity: str) -> None:
        info, content = reader.info, bytearray()
        try:
            if self._reading >= AT_ONCE:
                raise ValueError(f"more than {AT_ONCE} files are on their way")
            limit = FILE_LIMIT if self._link_of(identity) else STRANGE_LIMIT
            self._reading += 1
            try:
                async with asyncio.timeout(FILE_TIME):
                    async for piece in reader:
                        content += piece
                        if len(content) > limit:
                            raise ValueError(f"a file has at most {limit} bytes")
            finally:
                self._reading -= 1
            file = FileSent(
                info.stream_id,
                info.name,
                info.mime_type,
                info.topic,
                dict(info.attributes or {}),
                bytes(content),
            )
            self._to(identity, lambda link: link.deeds.file(file))
        except ValueError as error:
            self._complain(identity, error)
        except (rtc.StreamError, TimeoutError) as error:
            log.info("file did not come whole", identity=identity, error=str(error))
        finally:
            reader.close()

    def _complain(self, identity: str, reason: object) -> None:
        if link := self._link_of(identity):
            link.deeds.complain(reason)

    def _early(self, reader: rtc.ByteStreamReader, identity: str) -> None:
        self._spawn(self._read_early(reader, identity))

    async def _read_early(self, reader: rtc.ByteStreamReader, identity: str) -> None:
        try:
            sound = await early.read(reader)
            self._to(identity, lambda link: link.microphone.early(sound))
        except ValueError as error:
            self._complain(identity, error)
        except (rtc.StreamError, TimeoutError) as error:
            log.info("early sound not heard", identity=identity, error=str(error))
        finally:
            reader.close()
