"""Pictures that we show in a room: a camera, a screen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from livekit import rtc
from livekit.rtc.participant import PublishTrackError, UnpublishTrackError

from duologue.client.errors import MediaError, NotConnected
from duologue.client.tasks import Tasks

PUBLISH: Final = 10.0
Source = Literal["camera", "screen"]
_SOURCES: Final = {
    "camera": rtc.TrackSource.SOURCE_CAMERA,
    "screen": rtc.TrackSource.SOURCE_SCREENSHARE,
}


@dataclass(slots=True)
class _Show:
    """One picture that is shown."""

    source: rtc.VideoSource
    track: rtc.LocalVideoTrack
    publication: rtc.LocalTrackPublication
    task: asyncio.Task[Any] | None = None


class Video:
    """Publishes frames as they come; the first one says how large the picture is."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._room: rtc.Room | None = None
        self._shows: dict[Source, _Show] = {}

    def attach(self, room: rtc.Room) -> None:
        """Belongs to a room."""
        self._room = room

    async def publish(self, frames: AsyncIterator[Any], source: Source) -> None:
        """Shows frames until they end; returns when the track is published."""
        await self.unpublish(source)
        try:
            first = await anext(aiter(frames))
        except StopAsyncIteration:
            raise MediaError(f"The {source} gave no frame.") from None
        if not isinstance(first, rtc.VideoFrame):
            raise MediaError(f"The {source} must give rtc.VideoFrame, not {type(first).__name__}.")
        screen = source == "screen"
        made = rtc.VideoSource(first.width, first.height, is_screencast=screen)
        track = rtc.LocalVideoTrack.create_video_track(source, made)
        show = _Show(made, track, await self._published(track, source))
        self._shows[source] = show
        made.capture_frame(first)
        show.task = self._tasks.start(self._run(frames, source, show))

    async def unpublish(self, source: Source) -> None:
        """Ends the showing of frames; one that never began is no error."""
        show = self._shows.pop(source, None)
        if show is None:
            return
        if show.task is not None and show.task is not asyncio.current_task():
            show.task.cancel()
            await asyncio.wait([show.task], timeout=PUBLISH)
        await self._withdraw(show)
        await show.source.aclose()

    async def close(self) -> None:
        """Lets go what the tracks were made of."""
        for show in self._shows.values():
            await show.source.aclose()
        self._shows.clear()

    async def _run(self, frames: AsyncIterator[Any], source: Source, show: _Show) -> None:
        try:
            async for frame in frames:
                show.source.capture_frame(frame)
            if self._shows.get(source) is show:
                await self.unpublish(source)
        finally:
            close = getattr(frames, "aclose", None)
            if close is not None:
                await close()

    async def _published(
        self, track: rtc.LocalVideoTrack, source: Source
    ) -> rtc.LocalTrackPublication:
        if self._room is None or not self._room.isconnected():
            raise NotConnected(f"the {source}")
        options = rtc.TrackPublishOptions(source=_SOURCES[source])
        try:
            async with asyncio.timeout(PUBLISH):
                return await self._room.local_participant.publish_track(track, options)
        except (TimeoutError, PublishTrackError) as error:
            reason = getattr(error, "message", "") or f"no answer within {PUBLISH:g} s"
            raise MediaError(f"The {source} cannot be published: {reason}.") from error

    async def _withdraw(self, show: _Show) -> None:
        if self._room is None or not self._room.isconnected():
            return
        with contextlib.suppress(TimeoutError, UnpublishTrackError):
            async with asyncio.timeout(PUBLISH):
                await self._room.local_participant.unpublish_track(show.publication.sid)
