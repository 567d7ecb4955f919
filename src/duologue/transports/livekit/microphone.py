"""The user's microphone in a room: first what was said before anybody listened, then live.

With a push-to-talk agent its switch is the button, for LiveKit's own clients have no other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog
from livekit import rtc
from livekit.protocol.models import TF_PRECONNECT_BUFFER

from duologue.core.first_sound import FirstSound
from duologue.transports.livekit.early import EarlySound

log = structlog.get_logger(__name__)

RATE: Final = 16000
FRAME_MS: Final = 40
EARLY: Final = 3.0
"""Seconds that live sound waits for what was recorded before it, where a track announces that."""
SLICE: Final = RATE * 2 * 2 // 5
"""Early sound is heard at ten times its speed: 0.4 s every 40 ms."""
KEPT: Final = 4
"""Tracks of which early sound is kept; of a user who sends more, the oldest is forgotten."""
CLOSING: Final = 2.0

Hear = Callable[[bytes, int], None]


class Microphone:
    """Hears the newest track of one user; tells when one is switched on, and off.

    Of several one that is on is heard, whenever it came: a client may keep a muted track beside
    one that its page published. Off is also a track that is taken away. `on` is told whether it
    was off before: a track that comes with its user is no switch that was pressed.
    """

    def __init__(
        self,
        hear: Hear,
        on: Callable[[bool], None],
        off: Callable[[], None],
        takes: Callable[[rtc.RemoteTrackPublication], bool],
    ) -> None:
        self._hear = hear
        self._takes = takes
        self._tell_on = on
        self._tell_off = off
        self._on = False
        """Whether the track that is heard is not muted."""
        self._live = False
        """Whether it is heard as it comes: not before, and not while older sound is."""
        self._told = False
        """Whether it was told that the microphone is on: one that never was is not off."""
        self._early: dict[str, asyncio.Future[EarlySound]] = {}
        self._tracks: dict[str, tuple[rtc.Track, rtc.RemoteTrackPublication]] = {}
        """Those that can be heard, the newest last."""
        self._sid = ""
        self._listening: asyncio.Task[None] | None = None
        self._open = asyncio.Event()
        self._closed = False

    @property
    def track(self) -> str:
        """The track that is heard; empty while there is none."""
        return self._sid

    def open(self) -> None:
        """From now on what waits is heard."""
        self._open.set()

    def published(self, publication: rtc.RemoteTrackPublication) -> None:
        """Asks for a track, if it is a microphone's."""
        if self._wants(publication):
            publication.set_subscribed(True)

    def subscribed(self, track: rtc.Track, publication: rtc.RemoteTrackPublication) -> None:
        """Listens to a track, instead of the one before it."""
        if not self._wants(publication):
            return
        self._tracks.pop(publication.sid, None)
        self._tracks[publication.sid] = (track, publication)
        if not (publication.muted and self._on and publication.sid != self._sid):
            self._listen_to(publication.sid, first=True)

    def look_at(self, participant: rtc.RemoteParticipant) -> None:
        """Hears what a participant publishes already."""
        for sid in self._tracks.keys() - participant.track_publications.keys():
            self.taken(sid)
        for publication in participant.track_publications.values():
            if publication.track is None:
                self.published(publication)
            elif publication.sid not in self._tracks:
                self.subscribed(publication.track, publication)

    def early(self, sound: EarlySound) -> None:
        """What was said before the track was heard."""
        waiting = self._early.setdefault(sound.track, asyncio.get_running_loop().create_future())
        while len(self._early) > KEPT:
            del self._early[next(iter(self._early))]
        if not waiting.done():
            waiting.set_result(sound)

    def unmuted(self, sid: str) -> None:
        """A track is heard again."""
        if sid == self._sid:
            self._on = True
            if self._live:
                self._say_on(again=True)
        elif sid in self._tracks and not self._on:
            self._listen_to(sid, again=True)

    def muted(self, sid: str) -> None:
        """A track fell silent by a button: no word comes to its end."""
        if sid != self._sid:
            return
        self._on = False
        if self._live:
            self._say_off()
        on = [other for other, (_, one) in self._tracks.items() if other != sid and not one.muted]
        if on:
            self._listen_to(on[-1])

    def taken(self, sid: str) -> None:
        """A track was taken away."""
        self._tracks.pop(sid, None)
        self.muted(sid)

    async def close(self) -> None:
        """Hears nothing any more."""
        self._closed = True
        self._live = False
        self._tracks.clear()
        task, self._listening = self._listening, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    # ------------------------------------------------------------ within

    def _wants(self, publication: rtc.RemoteTrackPublication) -> bool:
        is_microphone = publication.source == rtc.TrackSource.SOURCE_MICROPHONE
        return is_microphone and not self._closed and self._takes(publication)

    def _say_on(self, *, again: bool) -> None:
        self._told = True
        self._tell_on(again)

    def _say_off(self) -> None:
        if self._told:
            self._told = False
            self._tell_off()

    def _listen_to(self, sid: str, *, first: bool = False, again: bool = False) -> None:
        track, publication = self._tracks[sid]
        features = [int(one) for one in publication.audio_features]
        waits = first and int(TF_PRECONNECT_BUFFER) in features
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=FRAME_MS)
        encrypted = publication.encryption_type != rtc.EncryptionType.NONE
        before, self._sid = self._listening, sid
        self._on, self._live = not publication.muted, False
        self._listening = asyncio.create_task(
            self._listen(stream, sid, before, waits=waits, encrypted=encrypted, again=again)
        )

    async def _listen(
        self,
        stream: rtc.AudioStream,
        sid: str,
        before: asyncio.Task[None] | None,
        *,
        waits: bool,
        encrypted: bool,
        again: bool,
    ) -> None:
        first = FirstSound()
        first.readable()  # nobody is heard here who did not prove to have the key
        try:
            if before is not None:
                before.cancel()
                await asyncio.wait([before])
            await self._open.wait()
            if waits:
                await self._catch_up(sid)
            if sid != self._sid:
                return  # another one came at once; its turn is next
            self._live = True
            if self._on:
                self._say_on(again=again)
            else:
                self._say_off()
            async for event in stream:
                pcm = bytes(event.frame.data)
                if pcm := first.take(pcm, RATE) if encrypted else pcm:
                    self._hear(pcm, RATE)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await stream.aclose()

    async def _catch_up(self, sid: str) -> None:
        """Hears what was recorded before; the live sound waits behind it, within bounds."""
        waiting = self._early.setdefault(sid, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(EARLY):
                sound = await waiting
        except TimeoutError:
            log.info("early sound did not come", track=sid)
            return
        finally:
            self._early.pop(sid, None)
        self._say_on(again=False)
        step = SLICE * sound.rate // RATE & ~1
        for start in range(0, len(sound.pcm), step):
            self._hear(sound.pcm[start : start + step], sound.rate)
            await asyncio.sleep(FRAME_MS / 1000)
