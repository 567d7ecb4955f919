"""A test avatar: stands in a LiveKit room for an agent, with a face that says what it says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Protocol, Self

from livekit import api, rtc

from duologue.testing.face import HEIGHT, WIDTH, draw, openness
from duologue.wire.rooms import ON_BEHALF

FPS: Final = 15
RATE: Final = 16000
FRAME_MS: Final = 40
PATIENCE: Final = 10.0
"""Seconds for publishing, and for leaving."""


class Room(Protocol):
    """A room of LiveKit that its owner has joined, and leaves."""

    @property
    def local_participant(self) -> rtc.LocalParticipant:
        """The avatar."""

    @property
    def remote_participants(self) -> Mapping[str, rtc.RemoteParticipant]:
        """The others."""

    def on(self, event: Any, callback: Callable[..., Any]) -> Any:
        """Calls back."""

    def off(self, event: Any, callback: Callable[..., Any]) -> Any:
        """Calls back no more."""


def token(api_key: str, api_secret: str, *, room: str, agent: str, identity: str = "avatar") -> str:
    """Opens a room for an avatar of the agent with this identity, as LiveKit's avatars join."""
    grants = api.VideoGrants(room_join=True, room=room, agent=True, can_publish=True)
    made = api.AccessToken(api_key, api_secret).with_identity(identity).with_kind("agent")
    return made.with_grants(grants).with_attributes({ON_BEHALF: agent}).to_jwt()


class Avatar:
    """Hears the agent's track, and publishes a picture whose mouth follows its loudness."""

    def __init__(self, room: Room, agent: str) -> None:
        self._room = room
        self._agent = agent
        self._openness = 0.0
        self._source = rtc.VideoSource(WIDTH, HEIGHT)
        self._publication: rtc.LocalTrackPublication | None = None
        self._drawing: asyncio.Task[None] | None = None
        self._hearing: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        """Shows the face; it speaks as soon as the agent is heard."""
        self._room.on("track_published", self._published)
        self._room.on("track_subscribed", self._subscribed)
        for publication in self._tracks_of_agent():
            self._look(publication)
        self._drawing = asyncio.create_task(self._draw())
        track = rtc.LocalVideoTrack.create_video_track("avatar_video", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=False)
        async with asyncio.timeout(PATIENCE):
            self._publication = await self._room.local_participant.publish_track(track, options)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Shows nothing any more; the room stays as it is."""
        self._room.off("track_published", self._published)
        self._room.off("track_subscribed", self._subscribed)
        tasks = [*self._hearing.values(), *([self._drawing] if self._drawing else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._publication is not None:
            with contextlib.suppress(Exception):  # a room that is gone shows nothing anyway
                async with asyncio.timeout(PATIENCE):
                    await self._room.local_participant.unpublish_track(self._publication.sid)
        await self._source.aclose()

    # ------------------------------------------------------------ within

    def _tracks_of_agent(self) -> list[rtc.RemoteTrackPublication]:
        agent = self._room.remote_participants.get(self._agent)
        return list(agent.track_publications.values()) if agent else []

    def _published(self, publication: rtc.RemoteTrackPublication, who: rtc.Participant) -> None:
        if who.identity == self._agent:
            self._look(publication)

    def _subscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, who: rtc.Participant
    ) -> None:
        if who.identity == self._agent:
            self._look(publication)

    def _look(self, publication: rtc.RemoteTrackPublication) -> None:
        """Asks for the agent's sound, and listens to it once it is there."""
        if publication.kind != rtc.TrackKind.KIND_AUDIO:
            return
        if publication.track is None:
            publication.set_subscribed(True)
        elif publication.sid not in self._hearing:
            self._hearing[publication.sid] = asyncio.create_task(self._hear(publication.track))

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=FRAME_MS)
        try:
            async for event in stream:
                self._openness = openness(bytes(event.frame.data))
        finally:
            self._openness = 0.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await stream.aclose()

    async def _draw(self) -> None:
        while True:
            self._source.capture_frame(draw(self._openness))
            await asyncio.sleep(1 / FPS)
