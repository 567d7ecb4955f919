"""What a user said before the agent was there: a byte stream, as LiveKit's clients send it."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from livekit import rtc

RATE: Final = 16000
RATES: Final = (8000, 192_000)
"""The lowest and the highest sample rate of sound."""
CHANNELS: Final = 8
LIMIT: Final = 10 * 1024 * 1024
"""Bytes, as they are sent and as they are decoded; no client keeps more."""
PATIENCE: Final = 10.0
CODECS: Final = frozenset({"opus", "vorbis"})
"""What browsers record; nothing else is handed to a decoder."""

# Recordings must not hold up what else runs in threads; each is over soon, for it is bounded.
_decoders: Final = ThreadPoolExecutor(2, thread_name_prefix="early-sound")


class Recording(NamedTuple):
    """What a client recorded, as it was sent."""

    attributes: dict[str, str]
    mime: str
    data: bytes


class EarlySound(NamedTuple):
    """Sound that was recorded for a track before anybody heard it: PCM16 mono."""

    track: str
    pcm: bytes
    rate: int


async def received(reader: rtc.ByteStreamReader, limit: int = LIMIT) -> Recording:
    """A recording once it is here, undecoded; `ValueError` when it is too long."""
    data = bytearray()
    async with asyncio.timeout(PATIENCE):
        async for chunk in reader:
            data += chunk
            if len(data) > limit:
                reader.close()
                raise ValueError(f"early sound has at most {limit} bytes")
    info = reader.info
    return Recording(dict(info.attributes or {}), info.mime_type or "audio/pcm", bytes(data))


async def heard(recording: Recording) -> EarlySound:
    """The sound of a recording; `ValueError` says what is wrong with one that is none."""
    attributes, mime, data = recording
    if "opus" in mime or "webm" in mime or "ogg" in mime:
        kind = "ogg" if "ogg" in mime else "matroska"
        async with asyncio.timeout(PATIENCE):
            loop = asyncio.get_running_loop()
            pcm, rate = await loop.run_in_executor(_decoders, decoded, data, kind), RATE
    else:
        rate = _whole(attributes, "sampleRate", *RATES)
        pcm = mono(data, _whole(attributes, "channels", 1, CHANNELS))
    return EarlySound(attributes.get("trackId", ""), pcm, rate)


def decoded(data: bytes, kind: str = "matroska") -> bytes:
    """PCM16 mono at 16 kHz of a recording in a container: `matroska`, which WebM is, or `ogg`.

    FFmpeg must not guess: some of its formats are lists of files and of ports to open.
    """
    import av  # livekit-agents brings it; it takes long to load, and most rooms need none of it

    pcm = bytearray()
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    try:
        with av.open(io.BytesIO(data), "r", format=kind) as container:
            codec = container.streams.audio[0].codec_context.codec.canonical_name
            if codec not in CODECS:
                raise ValueError(f"early sound is Opus or Vorbis, not {codec}")
            for frame in chain(container.decode(audio=0), [None]):
                if frame is not None and not RATES[0] <= frame.sample_rate <= RATES[1]:
                    raise ValueError(
                        f"early sound cannot have {frame.sample_rate} samples a second"
                    )
                for done in resampler.resample(frame):
                    pcm += done.to_ndarray().tobytes()
                if len(pcm) > LIMIT:
                    raise ValueError(f"early sound has at most {LIMIT} bytes when it is decoded")
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"early sound cannot be decoded: {error}") from None
    return bytes(pcm)


def mono(data: bytes, channels: int) -> bytes:
    """One channel of PCM16 that may have several."""
    if channels == 1:
        return data[: len(data) & ~1]
    samples = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], dtype="<i2")
    return bytes(samples.reshape(-1, channels).mean(axis=1).astype("<i2").tobytes())


def _whole(attributes: dict[str, str], name: str, least: int, most: int) -> int:
    text = attributes.get(name, "")
    if not text.isdecimal() or len(text) > 6 or not least <= int(text) <= most:
        raise ValueError(
            f"early sound needs the attribute {name!r}, from {least} to {most}, not {text[:20]!r}"
        )
    return int(text)
