"""What a user shows in a room: its screen, else its camera; fetched only for an agent that sees."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

from livekit import rtc

CAMERA: Final = rtc.TrackSource.SOURCE_CAMERA
SCREEN: Final = rtc.TrackSource.SOURCE_SCREENSHARE
CLOSING: Final = 2.0

See = Callable[[rtc.VideoFrame | None], None]
Publication = rtc.RemoteTrackPublication


def chosen(offered: Iterable[Publication]) -> Publication | None:
    """The newest screen, else the newest camera; one that is muted shows nothing."""
    shown = [one for one in offered if one.source in (CAMERA, SCREEN) and not one.muted]
    best = [one for one in shown if one.source == SCREEN] or shown
    return best[-1] if best else None


class Camera:
    """Watches one picture of one user at a time; nothing else of the user's is fetched."""

    def __init__(self, takes: Callable[[Publication], bool]) -> None:
        self._takes = takes
        self._see: See | None = None
        self._offered: dict[str, Publication] = {}
        self._chosen: Publication | None = None
        self._track: rtc.Track | None = None
        self._watching: set[asyncio.Task[None]] = set()

    def open(self, see: See) -> None:
        """From now on the user is seen; with none, that nothing is shown any more."""
        self._see = see
        self._choose()

    def published(self, publication: Publication) -> None:
        """Something can be had."""
        self._offered[publication.sid] = publication
        self._choose()

    def gone(self, sid: str) -> None:
        """Something was taken away."""
        self._offered.pop(sid, None)
        self._choose()

    def changed(self) -> None:
        """A track came that was asked for, or one was muted, or is no more."""
        self._choose()

    def look_at(self, participant: rtc.RemoteParticipant) -> None:
        """Takes what a participant publishes already, and nothing else."""
        self._offered = dict(participant.track_publications)
        self._choose()

    async def close(self) -> None:
        """Sees nothing any more."""
        self._stop()
        self._see = None
        if self._watching:
            await asyncio.wait(self._watching)

    # ------------------------------------------------------------ within

    def _choose(self) -> None:
        see = self._see
        if see is None:
            return
        best = chosen(self._offered.values())
        if best is not self._chosen:
            self._stop()
            if best is None or not self._takes(best):
                return
            self._chosen = best
            best.set_subscribed(True)
        if best is not None and best.track is not None and best.track is not self._track:
            self._unwatch()
            self._track = best.track
            task = asyncio.create_task(self._watch(best.track, see))
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)

    def _stop(self) -> None:
        """Lets the picture go, and says that nothing is shown."""
        before, self._chosen = self._chosen, None
        if before is None:
            return
        if self._offered.get(before.sid) is before:
            before.set_subscribed(False)
        self._unwatch()
        if self._see is not None:
            self._see(None)

    def _unwatch(self) -> None:
        self._track = None
        for task in self._watching:
            task.cancel()

    async def _watch(self, track: rtc.Track, see: See) -> None:
        # No picture comes lying: LiveKit's server has the sender turn what a phone films.
        # Of what came while the loop was busy only the last is worth a look.
        stream = rtc.VideoStream(track, capacity=1)
        try:
            async for event in stream:
                see(event.frame)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await stream.aclose()
