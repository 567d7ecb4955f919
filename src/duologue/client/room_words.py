"""Words in a room: transcripts of both sides, written messages, and text streams as they are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from livekit import rtc

from duologue.client.errors import SessionConnectError
from duologue.client.road import (
    ChatReceived,
    Delivery,
    ReceivedFile,
    Role,
    Tell,
    TextHandler,
    TextStream,
    TranscriptChanged,
)
from duologue.client.room_agent import AgentWatch
from duologue.client.tasks import Tasks
from duologue.wire import rooms

if TYPE_CHECKING:
    from duologue.client.room_files import Files
    from duologue.client.room_media import Media

YES: Final = "true"


@dataclass(slots=True)
class _Segment:
    """A segment while streams of it come."""

    stream: int
    """The newest stream that said something of it."""
    role: Role
    text: str
    final: bool = False


class Words:
    """Reads every text stream that concerns a session, each in a task of its own.

    Streams of one segment may overtake each other: what an older one says is passed over when a
    newer one said something already.
    """

    files: Files

    def __init__(self, tasks: Tasks, agent: AgentWatch, media: Media) -> None:
        self._tasks = tasks
        self._agent = agent
        self._media = media
        self._room: rtc.Room | None = None
        self._tell: Tell = lambda _: None
        self._streams = 0
        self._segments: dict[str, _Segment] = {}
        self._raw: dict[str, TextHandler] = {}

    def attach(self, room: rtc.Room, tell: Tell) -> None:
        """Registers for the streams of a room; it must not be connected yet to miss none."""
        self._room, self._tell = room, tell
        for topic in {rooms.TRANSCRIPTION, rooms.CHAT, *self._raw}:
            self._register(topic)

    def detach(self, room: rtc.Room) -> None:
        """Takes everything from a room that `attach` gave to it."""
        for topic in {rooms.TRANSCRIPTION, rooms.CHAT, *self._raw}:
            room.unregister_text_stream_handler(topic)
        self._room = None

    def on_text(self, topic: str, handler: TextHandler | None) -> None:
        """Gives the streams of a topic as they come; none takes the handler away."""
        new = topic not in self._raw
        if handler is None:
            self._raw.pop(topic, None)
        else:
            self._raw[topic] = handler
        if self._room is None or topic in (rooms.TRANSCRIPTION, rooms.CHAT):
            return
        if handler is None:
            self._room.unregister_text_stream_handler(topic)
        elif new:
            self._register(topic)

    async def send(
        self, text: str, attributes: dict[str, str], files: list[ReceivedFile]
    ) -> Delivery:
        """Writes to everybody in the room; files follow under the names that the text told."""
        if self._room is None:
            raise SessionConnectError("the room is closed")
        me = self._room.local_participant
        if not files:
            info = await me.send_text(text, topic=rooms.CHAT, attributes=attributes)
            return Delivery(info.stream_id, info.timestamp)
        writer = rtc.TextStreamWriter(me, topic=rooms.CHAT, attributes=attributes)
        # LiveKit's Python client has no argument for what its protocol and its browser client do.
        writer._options.attached_stream_ids.extend(file.id for file in files)
        await writer._send_header()
        await writer.write(text)
        await writer.aclose()
        for file in files:
            await self.files.send(file, None, topic=rooms.CHAT)
        return Delivery(writer.info.stream_id, writer.info.timestamp)

    def close(self) -> None:
        """What the agent was saying stays unfinished."""
        for id_, segment in self._segments.items():
            if not segment.final and segment.text:
                self._tell(
                    TranscriptChanged(
                        id_,
                        segment.role,
                        segment.text,
                        final=True,
                        interrupted=segment.role == "agent",
                    )
                )
        self._segments.clear()

    # ------------------------------------------------------------ what comes

    def _register(self, topic: str) -> None:
        if self._room is None:
            return
        try:
            self._room.register_text_stream_handler(topic, self._opened)
        except ValueError as error:
            raise SessionConnectError(f"the rtc.Room cannot be used: {error}") from error

    def _opened(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._streams += 1
        if self._media.secrecy.knows(sender):
            self._tasks.start(self._read(reader, sender, self._streams))
        else:
            self._tasks.start(self._held(reader, sender, self._streams))

    async def _held(self, reader: rtc.TextStreamReader, sender: str, number: int) -> None:
        """Reads what waited until it was known that its sender encrypts, or drops it."""
        if await self._media.secrecy.believes(sender):
            await self._read(reader, sender, number)
        else:
            reader.close()

    def _read(
        self, reader: rtc.TextStreamReader, sender: str, number: int
    ) -> Coroutine[Any, Any, None]:
        copy = self._copy(reader, sender)
        if reader.info.topic == rooms.TRANSCRIPTION:
            return self._transcript(reader, sender, number, copy)
        if reader.info.topic == rooms.CHAT:
            return self._chat(reader, sender, copy)
        return self._plain(reader, copy)

    async def _transcript(
        self, reader: rtc.TextStreamReader, sender: str, number: int, copy: _Copy
    ) -> None:
        attributes = dict(reader.info.attributes or {})
        id_ = attributes.get(rooms.SEGMENT) or reader.info.stream_id
        role = self._role(attributes.get(rooms.TRACK, ""), sender)
        at, text, whole = reader.info.timestamp, "", False
        try:
            async for piece in reader:
                text += piece
                copy.put(piece)
                self._said(TranscriptChanged(id_, role, text, final=False, at=at), number)
            whole = True
        except rtc.StreamError:
            pass  # the line broke: the sender begins anew, or the session closes the segment
        finally:
            reader.close()
            copy.end()
        attributes |= reader.info.attributes or {}
        if whole and attributes.get(rooms.FINAL, YES) == YES:
            cut = attributes.get(rooms.INTERRUPTED) == YES
            final = TranscriptChanged(id_, role, text, final=True, interrupted=cut, at=at)
            self._said(final, number)

    def _said(self, event: TranscriptChanged, number: int) -> None:
        known = self._segments.get(event.segment)
        if known is not None and number < known.stream:
            return
        if known is not None and known.final and not event.final:
            return
        if known is not None and known.role != event.role:  # a stranger's, under its name
            return
        self._segments[event.segment] = _Segment(number, event.role, event.text, event.final)
        if event.final:  # late streams of it are still to be known as such, but not for ever
            for old in list(self._segments)[:-100]:
                if self._segments[old].final:
                    del self._segments[old]
        self._tell(event)

    def _role(self, track: str, sender: str) -> Role:
        """Whose words: under encryption the agent is shown as the sender of everything."""
        if sender and sender == self._agent.identity:
            return "user" if track and self._media.is_ours(track) else "agent"
        if self._room is not None and sender == self._room.local_participant.identity:
            return "user"
        person = self._room.remote_participants.get(sender) if self._room else None
        if person is None:  # whoever is not announced yet is the agent only where there is none
            return "user" if self._agent.identity else "agent"
        return "user" if person.kind == rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD else "agent"

    async def _chat(self, reader: rtc.TextStreamReader, sender: str, copy: _Copy) -> None:
        text = ""
        try:
            async for piece in reader:
                text += piece
                copy.put(piece)
        except rtc.StreamError:
            return  # half a message says less than none
        finally:
            reader.close()
            copy.end()
        info = reader.info
        files = await self.files.attached(info.attachments) if info.attachments else ()
        role = self._role("", sender)
        self._tell(
            ChatReceived(
                info.stream_id, role, text, info.timestamp, dict(info.attributes or {}), files
            )
        )

    async def _plain(self, reader: rtc.TextStreamReader, copy: _Copy) -> None:
        try:
            with contextlib.suppress(rtc.StreamError):
                async for piece in reader:
                    copy.put(piece)
        finally:
            reader.close()
            copy.end()

    def _copy(self, reader: rtc.TextStreamReader, sender: str) -> _Copy:
        """Whoever wants the stream as it is gets its pieces beside us."""
        copy = _Copy()
        handler = self._raw.get(reader.info.topic)
        if handler is not None:
            info = reader.info
            stream = TextStream(
                info.stream_id, info.topic, sender, dict(info.attributes or {}), copy.pieces()
            )
            copy.wanted = True
            self._tasks.start(_handle(handler, stream))
        return copy


class _Copy:
    """The pieces of a stream for a second reader."""

    def __init__(self) -> None:
        self.wanted = False
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()

    def put(self, piece: str) -> None:
        if self.wanted:
            self._queue.put_nowait(piece)

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def pieces(self) -> AsyncIterator[str]:
        while (piece := await self._queue.get()) is not None:
            yield piece


async def _handle(handler: TextHandler, stream: TextStream) -> Any:
    return await handler(stream)
