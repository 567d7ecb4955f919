"""The agent's eye: what its user shows, the newest picture only."""

from __future__ import annotations

import asyncio

from livekit import rtc
from livekit.agents.voice import io


class Eye(io.VideoInput):
    """Takes pictures as they come; a pipeline that is behind misses the older ones."""

    def __init__(self) -> None:
        super().__init__(label="duologue")
        self._newest: rtc.VideoFrame | None = None
        self._unseen = False
        self._arrived = asyncio.Event()
        self._closed = False

    def newest(self) -> rtc.VideoFrame | None:
        """What is shown now; none while nothing is."""
        return self._newest

    def see(self, frame: rtc.VideoFrame | None) -> None:
        """Takes the next picture, or learns that nothing is shown any more."""
        if self._closed:
            return
        self._newest = frame
        self._unseen = frame is not None
        if self._unseen:
            self._arrived.set()

    def close(self) -> None:
        """Ends the stream that the pipeline reads, and keeps no picture."""
        self.see(None)
        self._closed = True
        self._arrived.set()

    async def __anext__(self) -> rtc.VideoFrame:
        while not self._unseen or self._newest is None:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        self._unseen = False
        return self._newest
