"""Captions and messages on their way into a room, as LiveKit's own agents send them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from livekit import rtc

from duologue.transports.livekit.post import Post
from duologue.wire.rooms import CHAT, FINAL, INTERRUPTED, SEGMENT, TRACK, TRANSCRIPTION

Speaker = Callable[[], tuple[str, str]]
"""The user's identity, and its track that is transcribed; empty while there is none."""
YES: Final = "true"
NO: Final = "false"


class RoomPaper:
    """One text stream for each answer of the agent, and for each state of the user's words."""

    def __init__(
        self, room: rtc.Room, post: Post, track: Callable[[], str], speaker: Speaker
    ) -> None:
        self._room = room
        self._post = post
        self._track = track
        self._speaker = speaker
        self._writers: dict[str, rtc.TextStreamWriter] = {}
        self._texts: dict[str, str] = {}

    def write(self, segment: str, text: str) -> None:
        """Adds words to the agent's segment, and begins it if it is new."""
        self._post.send(lambda: self._write(segment, text))

    def close(self, segment: str, *, interrupted: bool) -> None:
        """Ends the agent's stream; only now a client knows it as final."""
        self._post.send(lambda: self._close(segment, interrupted=interrupted))

    def user(self, segment: str, text: str, *, final: bool) -> None:
        """Sends the user's words as the user's own; under encryption the track says whose."""
        who, track = self._speaker()
        attributes = _attributes(segment, track, final=final)
        self._post.send(lambda: self._whole(who, text, attributes), newest="" if final else segment)

    def message(self, turn: str, text: str) -> None:
        """Sends a written message of the agent."""
        del turn
        self._post.send(lambda: self._room.local_participant.send_text(text, topic=CHAT))

    # ------------------------------------------------------------ within

    async def _write(self, segment: str, text: str) -> None:
        self._texts[segment] = self._texts.get(segment, "") + text
        writer = self._writers.get(segment)
        if writer is None:
            # A stream that broke is begun anew, with all that it had said.
            text = self._texts[segment]
            writer = await self._room.local_participant.stream_text(
                topic=TRANSCRIPTION, attributes=_attributes(segment, self._track(), final=False)
            )
            self._writers[segment] = writer
        try:
            await writer.write(text)
        except BaseException:
            self._writers.pop(segment, None)
            raise

    async def _close(self, segment: str, *, interrupted: bool) -> None:
        self._texts.pop(segment, None)
        writer = self._writers.pop(segment, None)
        if writer is not None:
            attributes = _attributes(segment, self._track(), final=True)
            if interrupted:
                attributes[INTERRUPTED] = YES
            await writer.aclose(attributes=attributes)

    async def _whole(self, who: str, text: str, attributes: dict[str, str]) -> None:
        writer = await self._room.local_participant.stream_text(
            topic=TRANSCRIPTION, attributes=attributes, sender_identity=who or None
        )
        if text:
            await writer.write(text)
        await writer.aclose()


def _attributes(segment: str, track: str, *, final: bool) -> dict[str, str]:
    attributes = {SEGMENT: segment, FINAL: YES if final else NO}
    if track:
        attributes[TRACK] = track
    return attributes
