"""Avatars in rooms: who stands there for an agent, what it shows, and a voice that swells."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import numpy as np
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions, tts, utils
from livekit.agents.voice.avatar import AudioSegmentEnd, VideoGenerator
from tests.rooms.livekit import LiveKit

from duologue.testing.avatar import FPS, token
from duologue.testing.face import draw, openness, read

RATE: Final = 24000
PATIENCE: Final = 30.0
STEP: Final = 0.05
"""Seconds between two samples of what is compared."""
FURTHEST: Final = 12
"""Steps by which sound and picture may come apart on their way through WebRTC."""


@asynccontextmanager
async def standing_in(livekit: LiveKit, room: str, agent: str) -> AsyncIterator[rtc.Room]:
    """A participant that publishes on the agent's behalf, with nothing published yet."""
    joined = rtc.Room()
    opens = token(livekit.api_key, livekit.api_secret, room=room, agent=agent)
    async with asyncio.timeout(PATIENCE):
        await joined.connect(livekit.url, opens, rtc.RoomOptions(auto_subscribe=False))
    try:
        yield joined
    finally:
        async with asyncio.timeout(PATIENCE):
            await joined.disconnect()


class SwellingTTS(tts.TTS[Any]):
    """Speaks a tone that swells and fades once a second, two seconds for each word."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1
        )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """The tone of a text."""
        return _Swelling(tts=self, input_text=text, conn_options=conn_options)


class _Swelling(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=RATE,
            num_channels=1,
            mime_type="audio/pcm",
        )
        seconds = np.arange(2 * len(self._input_text.split()) * RATE) / RATE
        swell = 10 ** (-2.5 * np.cos(np.pi * seconds) ** 2)  # decibels go up and down evenly
        wave = np.sin(2 * np.pi * 330 * seconds) * swell * 20000
        output_emitter.push(wave.astype("<i2").tobytes())
        output_emitter.flush()


class DrawnVideo(VideoGenerator):
    """The drawn face as livekit-agents' avatar workers make their pictures."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._waiting: deque[rtc.AudioFrame | AudioSegmentEnd] = deque()
        self._cut = utils.audio.AudioByteStream(rate, 1, rate // FPS)

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Takes what is to be said."""
        if isinstance(frame, AudioSegmentEnd):
            self._waiting.extend([*self._cut.flush(), frame])
        else:
            self._waiting.extend(self._cut.push(bytes(frame.data)))

    def clear_buffer(self) -> None:
        """Says no more of it."""
        self._waiting.clear()

    async def __aiter__(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        """A picture for each piece of sound; between them a face that is silent."""
        while True:
            said = self._waiting.popleft() if self._waiting else None
            if isinstance(said, AudioSegmentEnd):
                yield said
                continue
            yield draw(openness(bytes(said.data)) if said else 0.0)
            if said is not None:
                yield said
            else:
                await asyncio.sleep(1 / FPS)


class Watcher:
    """Sees a track's face and hears its voice, each with the moment."""

    def __init__(self, track: rtc.Track) -> None:
        self.mouth: list[tuple[float, float]] = []
        self.voice: list[tuple[float, float]] = []
        self._stream = rtc.VideoStream(track, capacity=1)
        self._task = asyncio.create_task(self._watch())

    async def __aenter__(self) -> Watcher:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        async with asyncio.timeout(PATIENCE):
            await self._stream.aclose()

    def hear(self, pcm: bytes, rate: int) -> None:
        """Takes sound."""
        self.voice.append((asyncio.get_running_loop().time(), openness(pcm)))

    @property
    def opened(self) -> float:
        """How far the mouth is open now."""
        return self.mouth[-1][1] if self.mouth else 0.0

    def likeness(self) -> float:
        """How well mouth and voice move together, from -1 to 1, at the delay where it is best."""
        begin = max(self.mouth[0][0], self.voice[0][0])
        end = min(self.mouth[-1][0], self.voice[-1][0])
        moments = np.arange(begin, end, STEP)
        mouth, voice = (
            np.interp(moments, [at for at, _ in one], [opened for _, opened in one])
            for one in (self.mouth, self.voice)
        )
        count = len(moments)
        return max(
            float(
                np.corrcoef(
                    mouth[max(0, late) : count + min(0, late)],
                    voice[max(0, -late) : count - max(0, late)],
                )[0, 1]
            )
            for late in range(-FURTHEST, FURTHEST + 1)
        )

    async def _watch(self) -> None:
        async for event in self._stream:
            self.mouth.append((asyncio.get_running_loop().time(), read(event.frame)))
