"""Changes the rate of sound as it streams, with numpy alone: no client needs a library for it."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

TAPS: Final = 48
"""The filter's length in samples of the smaller rate."""
BAND: Final = 0.91
"""Where the filter is half open, as a share of the smaller band: 0.82 passes, 1 is 60 dB down."""
BETA: Final = 7.0
"""Kaiser's window."""
RATES: Final = range(4000, 192_001)


class Resampler:
    """A linear-phase polyphase filter for PCM16 mono; what comes out is in step with what goes in.

    It holds back half a filter's length (1.5 ms at 16 kHz) until `flush`.
    """

    def __init__(self, source: int, target: int) -> None:
        for rate in (source, target):
            if rate not in RATES:
                raise ValueError(f"a sample rate is {RATES[0]} to {RATES[-1]}, not {rate}")
        self.source, self.target = source, target
        shared = math.gcd(source, target)
        self._up, self._down = target // shared, source // shared
        # A sinc of the smaller band, in steps of the rate that both divide.
        wide = max(self._up, self._down)
        self._length = 2 * math.ceil(TAPS * wide / self._up / 2)
        steps = np.arange(self._length * self._up) - self._length * self._up / 2
        taps = np.sinc(steps * BAND / wide) * np.kaiser(steps.size + 1, BETA)[:-1]
        bank = taps.reshape(self._length, self._up).T[:, ::-1]
        # Every phase keeps a level as it is, or a hum at the rate of the phases would be heard.
        self._bank = (bank / bank.sum(axis=1, keepdims=True)).astype(np.float32)
        # The filter looks as far back as ahead; before the sound there was silence.
        self._before = np.zeros(self._length // 2 - 1, dtype=np.float32)
        self._odd, self._heard, self._next = b"", self._before, 0

    def take(self, pcm: bytes) -> bytes:
        """The sound that is ready after this chunk; half a sample waits for its other half."""
        pcm = self._odd + pcm
        whole = len(pcm) & ~1
        self._odd = pcm[whole:]
        if self.source == self.target:
            return pcm[:whole]
        samples = np.frombuffer(pcm[:whole], dtype="<i2").astype(np.float32)
        self._heard = np.concatenate([self._heard, samples])
        return self._ready()

    def flush(self) -> bytes:
        """The rest of the sound; the next chunk begins another one."""
        rest = b""
        if self.source != self.target:
            behind = np.zeros(self._length // 2, dtype=np.float32)
            self._heard = np.concatenate([self._heard, behind])
            rest = self._ready()
        self._odd, self._heard, self._next = b"", self._before, 0
        return rest

    def _ready(self) -> bytes:
        """Every sample whose surroundings are known."""
        known = (self._heard.size - self._length + 1) * self._up
        places = np.arange(self._next, known, self._down)
        if not places.size:
            return b""
        windows = np.lib.stride_tricks.sliding_window_view(self._heard, self._length)
        made = np.einsum("ij,ij->i", windows[places // self._up], self._bank[places % self._up])
        following = int(places[-1]) + self._down
        spent = min(following // self._up, self._heard.size)
        self._heard = self._heard[spent:]
        self._next = following - spent * self._up
        return bytes(np.clip(np.rint(made), -32768, 32767).astype("<i2").tobytes())
