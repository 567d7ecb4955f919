"""The agent's ear: microphone PCM of any rate becomes frames at 16 kHz, not too small."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
import soxr
from livekit import rtc
from livekit.agents.voice import io

Sound = np.ndarray[tuple[int], np.dtype[np.int16]]

RATE: Final = 16000
LEAST: Final = RATE * 4 // 100
"""40 ms a frame, or more: each costs a fixed price in the pipeline, whatever its length."""
LIMIT: Final = RATE * 5
"""Five seconds of sound may wait; a pipeline that is further behind loses the oldest."""


class Ear(io.AudioInput):
    """Takes what a transport hears and gives it on as it comes, small pieces joined."""

    def __init__(self) -> None:
        super().__init__(label="duologue")
        self._frames: deque[rtc.AudioFrame] = deque()
        self._arrived = asyncio.Event()
        self._waiting = 0
        self._rest = np.empty(0, dtype=np.int16)
        self._resampler: soxr.ResampleStream | None = None
        self._rate = RATE
        self._closed = False
        self.dropped = 0
        """Samples lost because the pipeline was behind."""
        self.tap: Callable[[bytes], None] = lambda pcm: None
        """Hears what the agent hears."""
        self.tape: Callable[[Sound], None] = lambda sound: None
        """Keeps what the agent hears, at the rate that it hears."""
        self.person: Callable[[Sound], None] = lambda sound: None
        """Lets a person in the agent's place hear the same."""

    def hear(self, pcm: bytes, rate: int) -> None:
        """Takes a piece of PCM16 mono, of any even length."""
        if self._closed or not pcm:
            return
        self.tap(pcm)
        samples = self._resampled(np.frombuffer(pcm, dtype=np.int16), rate)
        self.tape(samples)
        self.person(samples)
        self._take(samples)

    def silence(self, seconds: float) -> None:
        """Lets the agent hear silence: a line that was lost in mid-word brings none."""
        if not self._closed:
            self._take(np.zeros(int(seconds * RATE), dtype=np.int16))

    def close(self) -> None:
        """Ends the stream that the pipeline reads."""
        self._closed = True
        self._arrived.set()

    async def __anext__(self) -> rtc.AudioFrame:
        while not self._frames:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        frame = self._frames.popleft()
        self._waiting -= frame.samples_per_channel
        return frame

    def _take(self, samples: Sound) -> None:
        samples = np.concatenate((self._rest, samples)) if self._rest.size else samples
        if samples.size < LEAST:
            self._rest = samples
        else:
            self._rest = samples[:0]
            self._push(samples)

    def _resampled(self, samples: Sound, rate: int) -> Sound:
        if rate != self._rate:
            self._rate, self._resampler = rate, None
        if rate == RATE:
            return samples
        if self._resampler is None:
            # "MQ" is inaudible from "HQ" on telephone speech and costs half.
            self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="int16", quality="MQ")
        resampled: Sound = self._resampler.resample_chunk(samples)
        return resampled

    def _push(self, samples: Sound) -> None:
        while self._frames and self._waiting + samples.size > LIMIT:
            lost = self._frames.popleft().samples_per_channel
            self._waiting -= lost
            self.dropped += lost
        self._frames.append(rtc.AudioFrame(samples.tobytes(), RATE, 1, samples.size))
        self._waiting += samples.size
        self._arrived.set()
