"""Ogg/Opus files that grow: what was written can be played, whatever becomes of the process."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np

from duologue.pipeline.tape import RATE, Samples

BITS: Final = 48_000
"""A second of both sides: at 32,000, each is heard faintly on the other (-44 dB)."""
PAGE: Final = 500_000
"""Microseconds of sound in a page: what a kill can take of what was written."""
STEP: Final = Fraction(1, RATE)
EFFORT: Final = 5
"""Of ten; a minute takes 0.17 s of a processor. The encoder's mode for calls takes twice that."""


class OpusFile:
    """One stereo sound; every method blocks, and is called in a thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._samples = 0
        self._raw = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", 0)
        options = {"page_duration": str(PAGE), "flush_packets": "1"}
        self._file = av.open(self._raw, "w", format="ogg", options=options)
        self._stream = self._file.add_stream(
            "libopus",
            rate=RATE,
            layout="stereo",
            options={"application": "audio", "compression_level": str(EFFORT)},
        )
        self._stream.bit_rate = BITS
        self._stream.time_base = STEP

    @property
    def milliseconds(self) -> int:
        """How long it is."""
        return self._samples * 1000 // RATE

    def write(self, samples: Samples) -> None:
        """Adds sound: a row a sample, left first."""
        packed = np.ascontiguousarray(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE, self._samples
        frame.time_base = STEP
        self._samples += len(samples)
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Writes the end."""
        try:
            self._file.mux(self._stream.encode(None))
            self._file.close()
        finally:
            self._raw.close()


def length_of(path: Path) -> int | None:
    """How many milliseconds a file has, also one that nobody closed; none where it is no sound."""
    try:
        with av.open(str(path)) as file:
            return None if file.duration is None else round(file.duration / 1000)
    except (av.error.FFmpegError, ValueError):
        return None
