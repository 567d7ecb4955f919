"""Pictures that somebody shows in a room: one shade each, so that it is known which is seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import numpy as np
from livekit import rtc

SIZE: Final = (160, 120)
DARK, GREY, BRIGHT = 40, 128, 215
NEAR: Final = 15
"""How far a shade may be from what it was, after a camera's codec."""
PATIENCE: Final = 30.0


def picture(shade: int) -> rtc.VideoFrame:
    """A picture of one shade."""
    width, height = SIZE
    pixels = np.full((height, width, 4), shade, dtype=np.uint8)
    pixels[..., 3] = 255
    return rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, pixels.tobytes())


def shade(frame: rtc.VideoFrame | None) -> int | None:
    """How bright a picture is; none of none."""
    if frame is None:
        return None
    shown = frame.convert(rtc.VideoBufferType.RGBA)
    return round(float(np.frombuffer(shown.data, dtype=np.uint8)[::4].mean()))


def is_shade(frame: rtc.VideoFrame | None, expected: int) -> bool:
    """Whether this is the picture of that shade."""
    found = shade(frame)
    return found is not None and abs(found - expected) <= NEAR


async def frames(of: int) -> AsyncIterator[rtc.VideoFrame]:
    """The same picture for ever, ten times a second."""
    while True:
        yield picture(of)
        await asyncio.sleep(0.1)


class Shown:
    """A track that shows one shade."""

    def __init__(self, room: rtc.Room, publication: rtc.LocalTrackPublication) -> None:
        self.publication = publication
        self._room = room

    @property
    def track(self) -> rtc.LocalVideoTrack:
        """The track, to be muted."""
        track: Any = self.publication.track
        assert isinstance(track, rtc.LocalVideoTrack)
        return track

    async def withdraw(self) -> None:
        """Takes it away."""
        async with asyncio.timeout(PATIENCE):
            await self._room.local_participant.unpublish_track(self.publication.sid)


@asynccontextmanager
async def shown(room: rtc.Room, of: int, *, screen: bool = False) -> AsyncIterator[Shown]:
    """Shows one shade as a camera, or as a screen."""
    source = rtc.VideoSource(*SIZE, is_screencast=screen)
    track = rtc.LocalVideoTrack.create_video_track("screen" if screen else "camera", source)
    kind = rtc.TrackSource.SOURCE_SCREENSHARE if screen else rtc.TrackSource.SOURCE_CAMERA
    options = rtc.TrackPublishOptions(source=kind, simulcast=False)

    async def show() -> None:
        async for frame in frames(of):
            source.capture_frame(frame)

    showing = asyncio.create_task(show())
    try:
        async with asyncio.timeout(PATIENCE):
            publication = await room.local_participant.publish_track(track, options)
        yield Shown(room, publication)
    finally:
        showing.cancel()
        await asyncio.wait([showing])
        await source.aclose()
