"""What users send into a room, to whom it belongs: also what comes before they are linked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from livekit import rtc

from duologue.core.happenings import FileSent
from duologue.transports.allowance import WORDS_LENGTH
from duologue.transports.livekit import early
from duologue.transports.livekit.link import Link
from duologue.wire.rooms import CHAT, OURS, PRE_CONNECT, TYPED

log = structlog.get_logger(__name__)

PATIENCE: Final = 10.0
"""Seconds for a written message to come whole."""
FILE_LIMIT: Final = 64 * 1024 * 1024
STRANGE_LIMIT: Final = 1024 * 1024
"""Bytes that are kept of somebody who is not linked yet, all together."""
FILE_TIME: Final = 120.0
AT_ONCE: Final = 4
"""Files and recordings that may be on their way from one user."""
CHATS_AT_ONCE: Final = 16
"""Written messages that may be on their way from one user."""
NAME: Final = 64
"""Characters of a written message's id that count, as on the socket."""
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
        self._weight: Counter[str] = Counter()
        """Bytes of what is kept."""
        self._reading: Counter[tuple[str, int]] = Counter()
        self._last: dict[str, asyncio.Future[None]] = {}

    def register(self) -> None:
        """Listens; before the room is entered, so that nothing is missed."""
        self._room.register_text_stream_handler(CHAT, self._chat)
        self._room.register_byte_stream_handler(PRE_CONNECT, self._early)
        self._room.on_file = self._file
        self._room.on("data_received", self._packet)

    def deliver(self, link: Link) -> None:
        """Hands over what a user sent before it was linked."""
        self._weight.pop(link.identity, None)
        for letter in self._kept.pop(link.identity, []):
            letter(link)

    # ------------------------------------------------------------ within

    def _to(self, identity: str, letter: Letter, size: int) -> None:
        if (link := self._link_of(identity)) is not None:
            letter(link)
        elif identity in self._kept or len(self._kept) < STRANGERS:
            kept = self._kept.setdefault(identity, [])
            if len(kept) < LETTERS and self._weight[identity] + size <= STRANGE_LIMIT:
                self._weight[identity] += size
                kept.append(letter)

    @contextmanager
    def _place(self, identity: str, places: int) -> Iterator[None]:
        """One of the places that a participant has for what it sends; else `ValueError`."""
        key = (identity, places)
        if self._reading[key] >= places:
            raise ValueError(f"more than {places} of your messages or files are on their way")
        self._reading[key] += 1
        try:
            yield
        finally:
            self._reading[key] -= 1
            if not self._reading[key]:
                del self._reading[key]

    def _packet(self, packet: rtc.DataPacket) -> None:
        identity = packet.participant.identity if packet.participant else self._room.sender
        if packet.topic == OURS:
            self._to(identity, lambda link: link.deeds.packet(packet.data), len(packet.data))
        elif not packet.topic and identity:
            self._to(identity, lambda link: link.deeds.data(packet.data), len(packet.data))

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
            with self._place(identity, CHATS_AT_ONCE):
                async with asyncio.timeout(PATIENCE):
                    async for piece in reader:
                        text += piece
                        if len(text) > WORDS_LENGTH:
                            break
                    if before is not None:
                        await before  # messages keep the order in which they were begun
            name = (reader.info.attributes or {}).get(TYPED, "")[:NAME]
            self._to(identity, lambda link: link.deeds.write(text, name or None), len(text))
        except ValueError as error:
            self._complain(identity, error)
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
            known = self._link_of(identity) is not None
            limit, seconds = (FILE_LIMIT, FILE_TIME) if known else (STRANGE_LIMIT, PATIENCE)
            with self._place(identity, AT_ONCE):
                async with asyncio.timeout(seconds):
                    async for piece in reader:
                        content += piece
                        if len(content) > limit:
                            raise ValueError(f"a file has at most {limit} bytes")
            file = FileSent(
                info.stream_id,
                info.name,
                info.mime_type,
                info.topic,
                dict(info.attributes or {}),
                bytes(content),
            )
            self._to(identity, lambda link: link.deeds.file(file), len(content))
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
            limit = early.LIMIT if self._link_of(identity) else STRANGE_LIMIT
            with self._place(identity, AT_ONCE):
                recording = await early.received(reader, limit)
            self._to(identity, lambda link: self._decode(link, recording), len(recording.data))
        except ValueError as error:
            self._complain(identity, error)
        except (rtc.StreamError, TimeoutError) as error:
            log.info("early sound not heard", identity=identity, error=str(error))
        finally:
            reader.close()

    def _decode(self, link: Link, recording: early.Recording) -> None:
        """Lets the agent hear a recording; only those of users are ever decoded."""
        self._spawn(self._hear(link, recording))

    async def _hear(self, link: Link, recording: early.Recording) -> None:
        try:
            with self._place(link.identity, AT_ONCE):
                link.microphone.early(await early.heard(recording))
        except ValueError as error:
            link.deeds.complain(error)
        except TimeoutError:
            log.info("early sound not decoded in time", identity=link.identity)
