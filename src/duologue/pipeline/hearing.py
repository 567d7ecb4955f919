"""The agent's ear: microphone PCM of any rate becomes even batches at 16 kHz."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import numpy as np
import soxr
from livekit import rtc
from livekit.agents.voice import io

RATE: Final = 16000
BATCH: Final = RATE * 6 // 100
"""60 ms a batch: each costs a fixed price in the pipeline, whatever its length."""
LIMIT: Final = RATE * 5
"""Five seconds of sound may wait; a pipeline that is further behind loses the oldest."""


class Ear(io.AudioInput):
    """Takes what a transport hears and gives it to the pipeline in 60 ms frames."""

    def __init__(self) -> None:
        super().__init__(label="duologue")
        self._frames: deque[rtc.AudioFrame] = deque()
        self._arrived = asyncio.Event()
        self._rest = np.empty(0, dtype=np.int16)
        self._resampler: soxr.ResampleStream | None = None
        self._rate = RATE
        self._closed = False
        self.dropped = 0
        """Samples lost because the pipeline was behind."""

    def hear(self, pcm: bytes, rate: int) -> None:
        """Takes a piece of PCM16 mono, of any even length."""
        if self._closed or not pcm:
            return
        samples = self._resampled(np.frombuffer(pcm, dtype=np.int16), rate)
        samples = np.concatenate((self._rest, samples)) if self._rest.size else samples
        whole = samples.size - samples.size % BATCH
        for start in range(0, whole, BATCH):
            self._push(samples[start : start + BATCH])
        self._rest = samples[whole:].copy()

    def silence(self, seconds: float) -> None:
        """Lets the agent hear silence: after a push-to-talk button was let go, no sound follows."""
        self.hear(bytes(int(seconds * self._rate) * 2), self._rate)

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
        return self._frames.popleft()

    def _resampled(
        self, samples: np.ndarray[tuple[int], np.dtype[np.int16]], rate: int
    ) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        if rate != self._rate:
            self._rate, self._resampler = rate, None
        if rate == RATE:
            return samples
        if self._resampler is None:
            # "MQ" is inaudible from "HQ" on telephone speech and costs half.
            self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="int16", quality="MQ")
        resampled: np.ndarray[tuple[int], np.dtype[np.int16]] = self._resampler.resample_chunk(
            samples
        )
        return resampled

    def _push(self, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
        if len(self._frames) * BATCH >= LIMIT:
            self._frames.popleft()
            self.dropped += BATCH
        self._frames.append(rtc.AudioFrame(samples.tobytes(), RATE, 1, samples.size))
        self._arrived.set()
