"""What a user said before the agent was there: a byte stream, as LiveKit's clients send it."""

from __future__ import annotations

import asyncio
import io
from typing import Any, Final, NamedTuple

import numpy as np
from livekit import rtc

RATE: Final = 16000
LIMIT: Final = 10 * 1024 * 1024
"""Bytes; no client keeps more."""
PATIENCE: Final = 10.0


class EarlySound(NamedTuple):
    """Sound that was recorded for a track before anybody heard it: PCM16 mono."""

    track: str
    pcm: bytes
    rate: int


async def read(reader: rtc.ByteStreamReader) -> EarlySound:
    """The sound of a stream; `ValueError` says what is wrong with one that is none."""
    attributes = reader.info.attributes or {}
    data = bytearray()
    async with asyncio.timeout(PATIENCE):
        async for chunk in reader:
            data += chunk
            if len(data) > LIMIT:
                reader.close()
                raise ValueError(f"early sound has at most {LIMIT} bytes")
    mime = reader.info.mime_type or "audio/pcm"
    if "opus" in mime or "webm" in mime or "ogg" in mime:
        pcm, rate = await asyncio.to_thread(decoded, bytes(data)), RATE
    else:
        rate, channels = _whole(attributes, "sampleRate"), _whole(attributes, "channels")
        pcm = mono(bytes(data), channels)
    return EarlySound(attributes.get("trackId", ""), pcm, rate)


def decoded(data: bytes) -> bytes:
    """PCM16 mono at 16 kHz of any container and codec that FFmpeg knows."""
    import av  # livekit-agents brings it; it takes long to load, and most rooms need none of it

    pieces: list[bytes] = []
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    try:
        with av.open(io.BytesIO(data), "r") as container:
            frames: list[Any] = [*container.decode(audio=0), None]
            for frame in frames:
                pieces += [bytes(done.to_ndarray().tobytes()) for done in resampler.resample(frame)]
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"early sound cannot be decoded: {error}") from None
    return b"".join(pieces)


def mono(data: bytes, channels: int) -> bytes:
    """One channel of PCM16 that may have several."""
    if channels == 1:
        return data[: len(data) & ~1]
    samples = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], dtype="<i2")
    return bytes(samples.reshape(-1, channels).mean(axis=1).astype("<i2").tobytes())


def _whole(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "")
    if not text.isdecimal() or not 0 < int(text) <= 192_000:
        raise ValueError(f"early sound needs the attribute {name!r}, not {text!r}")
    return int(text)
