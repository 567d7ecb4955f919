"""The agent's sound in a room: one track, silent at once, and how far it was heard."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog
from livekit import rtc

from duologue.core.playback import PlaybackClock

log = structlog.get_logger(__name__)

RATE: Final = 16000
QUEUE_MS: Final = 1000
"""The conversation sends a third of a second ahead: the queue never fills."""
TELL: Final = 0.1
"""Seconds between two words for how far the sound is."""
TRAVEL: Final = 0.1
"""Seconds from the track's queue to an ear, about: network and the client's own buffer."""
TRACK: Final = "roomio_audio"
"""LiveKit's own agents call their track so, and clients know it."""
PUBLISH: Final = 10.0

Told = Callable[[str, float], None]


class Loudspeaker:
    """Plays turns into a track, and tells how much of each has been played."""

    def __init__(self, told: Told, now: Callable[[], float] = time.monotonic) -> None:
        self._told = told
        self._now = now
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=QUEUE_MS)
        self._waiting: deque[tuple[PlaybackClock, bytes]] = deque()
        self._arrived = asyncio.Event()
        self._turn = ""
        self._clock = PlaybackClock(RATE)
        self._pending = 0
        self._silenced = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None
        self.deaf = False
        """Whether the listener's line is lost: how far it heard is not known meanwhile."""

    async def publish(self, participant: rtc.LocalParticipant) -> rtc.LocalTrackPublication:
        """Publishes the track, silent at first."""
        self._writer = asyncio.create_task(self._write())
        track = rtc.LocalAudioTrack.create_audio_track(TRACK, self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        async with asyncio.timeout(PUBLISH):
            return await participant.publish_track(track, options)

    def play(self, turn: str, pcm: bytes) -> None:
        """The next sound of a turn."""
        if turn != self._turn:
            self._turn, self._clock = turn, PlaybackClock(RATE)
        self._pending += len(pcm) // 2
        self._waiting.append((self._clock, pcm))
        self._arrived.set()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TELL, self._tick)

    def silence(self) -> None:
        """Forgets everything that was not played; nothing more of its turn will come."""
        self._waiting.clear()
        self._pending = 0
        self._silenced += 1
        self._source.clear_queue()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._turn and self._clock.running:
            turn, seconds = self._turn, self._position()
            self._clock.hold(self._now() - TRAVEL)
            # What silenced it is still being told; the word for it follows.
            asyncio.get_running_loop().call_soon(self._told, turn, seconds)

    def seconds(self, turn: str) -> float:
        """How much sound of a turn there is."""
        return (self._clock.sent + self._pending) / RATE if turn == self._turn else 0.0

    async def close(self) -> None:
        """Plays nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        await self._source.aclose()

    # ------------------------------------------------------------ within

    async def _write(self) -> None:
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            clock, pcm = self._waiting.popleft()
            count, silenced = len(pcm) // 2, self._silenced
            self._pending -= count
            clock.send(count, self._now())
            try:
                await self._source.capture_frame(rtc.AudioFrame(pcm, RATE, 1, count))
            except Exception as error:  # a track that is going; the room's end follows
                log.info("sound not played", error=str(error))
            if silenced != self._silenced:
                self._source.clear_queue()  # it arrived behind the order to be silent

    def _position(self) -> float:
        return self._clock.position(self._now() - TRAVEL) / RATE

    def _tick(self) -> None:
        self._timer = None
        seconds = self._position()
        if not self.deaf:
            self._told(self._turn, seconds)
        if self.deaf or self._pending or seconds < self._clock.sent / RATE:
            self._timer = asyncio.get_running_loop().call_later(TELL, self._tick)
