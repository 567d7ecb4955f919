"""Sound and pictures of a session: the microphone's way in, the agent's voice's way out."""

from __future__ import annotations

import array
import contextlib
import math
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, Literal

from duologue.client.errors import NotConnected
from duologue.client.road import Road, SoundReceived, SoundSource
from duologue.client.signals import Callback, Signals, Unsubscribe
from duologue.client.tasks import Tasks
from duologue.client.telling import EventName

LONGEST: Final = 10.0
"""Seconds of what was said before the agent came that are kept, as LiveKit's clients keep them."""
RATE: Final = 48_000
"""Samples a second of a microphone that is fed by `hear`."""

Source = Literal["camera", "screen"]
Microphone = SoundSource | str | Path | bool
"""`True` is this machine's own, a path is a WAV file; `media` makes the rest."""


def level(pcm: bytes) -> float:
    """How loud PCM16 sound is, from 0 to 1."""
    samples = array.array("h", pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    if not samples:
        return 0.0
    return min(1.0, math.sqrt(sum(each * each for each in samples) / len(samples)) / 32768)


class VoiceFace:
    """The part of a session that carries sound and pictures."""

    def __init__(self, tasks: Tasks, signals: Signals) -> None:
        self._media_tasks = tasks
        self._heard = signals
        self._source: SoundSource | None = None
        self._early = bytearray()
        self._buffering = False
        self._flowing = False
        """Whether the road takes the microphone's sound."""
        self._muted = False
        self._mine = self._theirs = b""

    def _open_road(self, what: str) -> Road:
        raise AssertionError("the session that uses this face gives it")

    def on(self, name: EventName, callback: Callback) -> Unsubscribe:
        """Tells what happens in the session."""
        raise AssertionError("the session that uses this face gives it")

    # ------------------------------------------------------------ the microphone

    @property
    def microphone(self) -> SoundSource | None:
        """Where the session's sound comes from; none while the microphone is off."""
        return self._source

    @property
    def is_muted(self) -> bool:
        """Whether the microphone is on, but not heard."""
        return self._muted

    @property
    def microphone_level(self) -> float:
        """How loud the user is now, from 0 to 1."""
        return 0.0 if self._muted else level(self._mine)

    @property
    def agent_level(self) -> float:
        """How loud the agent is now, from 0 to 1; only while its sound is listened to."""
        return level(self._theirs)

    async def set_microphone(self, source: Microphone) -> None:
        """Turns the microphone on (`True`: this machine's own), exchanges it, or ends it."""
        road = self._open_road("session.set_microphone()")
        await self._drop_microphone()
        if source is False:
            if self._flowing:
                self._flowing = False
                await road.unpublish_microphone()
            return
        self._take_microphone(source)
        await self._publish_microphone(road)

    async def mute(self, muted: bool = True) -> None:
        """Keeps the microphone on, but lets nobody hear it; `False` ends that."""
        self._muted = muted
        if self._flowing:
            await self._open_road("session.mute()").mute(muted)

    async def hear(self, pcm: bytes, rate: int = RATE) -> None:
        """Says PCM16 mono, as if a microphone had heard it; turns one on if none is."""
        road = self._open_road("session.hear()")
        if not self._flowing:
            await road.publish_microphone(rate=rate)
            self._flowing = True
        self._mine = pcm
        await road.hear(pcm, rate)

    # ------------------------------------------------------------ pictures

    async def set_camera(self, frames: AsyncIterator[Any] | None) -> None:
        """Shows the agent `rtc.VideoFrame`s until they end; none takes the camera away."""
        await self._set_video(frames, "camera")

    async def share_screen(self, frames: AsyncIterator[Any] | None) -> None:
        """Shows the agent a screen, as `set_camera` does a camera."""
        await self._set_video(frames, "screen")

    async def _set_video(self, frames: AsyncIterator[Any] | None, source: Source) -> None:
        road = self._open_road(f"showing a {source}")
        await road.unpublish_video(source)
        if frames is not None:
            await road.publish_video(frames, source=source)

    # ------------------------------------------------------------ encryption

    async def set_encryption(self, enabled: bool) -> None:
        """Raises `EncryptionError` where encryption is not as it is wanted already.

        LiveKit's native library (1.1.21) ends the process of an agent whose user switches it off,
        however the tracks are published again. Whether a session is encrypted is chosen when it
        is made, by `encryption=…`.
        """
        await self._open_road("session.set_encryption()").set_encryption(enabled)

    set_encryption_enabled = set_encryption

    async def set_encryption_key(self, key: str | bytes) -> None:
        """Encrypts with another shared key from now on; the agent must do the same."""
        encoded = key.encode() if isinstance(key, str) else key
        await self._open_road("session.set_encryption_key()").set_key(encoded)

    # ------------------------------------------------------------ the agent's voice

    def listen(self, heard: Callable[[bytes, int], Any]) -> Callable[[], None]:
        """Gives the agent's sound, PCM16 mono and its rate, until the returned one is called."""
        return self.on("sound", lambda event: heard(event.pcm, event.rate))

    def played(self, seconds: float) -> None:
        """Says how much of the present answer left the loudspeaker; a room needs no such word."""
        self._open_road("session.played()").played(seconds)

    def _sounded(self, event: SoundReceived) -> None:
        self._theirs = event.pcm
        self._heard.emit("sound", event)

    # ------------------------------------------------------------ within

    def _take_microphone(self, source: Microphone) -> None:
        """Begins to take sound at once: what is said before the road is open is kept."""
        from duologue.client.media import source_of

        self._source = source_of(source)
        self._early.clear()
        self._buffering = True
        self._media_tasks.start(self._pump(self._source))

    async def _publish_microphone(self, road: Road) -> None:
        if self._source is None:
            return
        early = bytes(self._early)
        self._early.clear()
        await road.publish_microphone(pre_connect=early, rate=self._source.rate)
        if self._muted:
            await road.mute(True)
        self._flowing = True
        self._buffering = False

    async def _pump(self, source: SoundSource) -> None:
        """Carries a source's sound to the road, or into the buffer while there is none."""
        try:
            async for pcm in source:
                if source is not self._source:
                    return
                self._mine = pcm
                if self._flowing and not self._buffering:
                    late, self._early = bytes(self._early), bytearray()
                    with contextlib.suppress(NotConnected):  # the road ended under our words
                        await self._open_road("the microphone").hear(late + pcm, source.rate)
                elif self._buffering:
                    self._early += pcm
                    del self._early[: -int(LONGEST * source.rate) * 2]
        finally:
            await source.aclose()

    async def _drop_microphone(self) -> None:
        source, self._source = self._source, None
        self._buffering = False
        self._early.clear()
        self._mine = b""
        if source is not None:
            await source.aclose()

    async def _hush(self) -> None:
        """Ends all sound, of both sides."""
        await self._drop_microphone()
        self._flowing = False
        self._muted = False
        self._theirs = b""
