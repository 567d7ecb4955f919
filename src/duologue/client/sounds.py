"""Sound from files and from memory, in real time, and into files: no device is needed for these."""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from duologue.client.errors import MediaError
from duologue.core.playback import PlaybackClock

if TYPE_CHECKING:
    from duologue.client.resample import Resampler

CHUNK: Final = 0.02
"""Seconds of sound that a source gives at once."""
TAIL: Final = 0.8
"""Seconds of silence behind the last word: an agent waits for it before it answers."""


class SoundFile:
    """A WAV file as a microphone: paced in real time, mixed to mono, with silence behind it."""

    def __init__(self, path: str | Path, *, tail: float = TAIL) -> None:
        self._path = Path(path)
        self._tail = tail
        try:
            self._file = wave.open(str(self._path), "rb")  # noqa: SIM115  # aclose() closes it
        except (OSError, EOFError, wave.Error) as error:
            reason = str(error) or type(error).__name__
            raise MediaError(
                f"{self._path} cannot be heard: {reason}. "
                "Give a WAV file of PCM samples; ffmpeg -i FILE -c:a pcm_s16le out.wav makes one."
            ) from None
        self.rate = self._file.getframerate()

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Its sound from the beginning."""
        return _paced(self._pieces(), self.rate)

    async def aclose(self) -> None:
        """Closes the file."""
        self._file.close()

    def _pieces(self) -> Iterable[bytes]:
        width, channels = self._file.getsampwidth(), self._file.getnchannels()
        self._file.rewind()
        while frames := self._file.readframes(int(self.rate * CHUNK)):
            yield mono(frames, width, channels)
        yield from _silence(self._tail, self.rate)


class Samples:
    """Sound in memory as a microphone: PCM16 bytes, or a numpy array of int16 or of -1 to 1."""

    def __init__(self, sound: Any, rate: int, *, tail: float = TAIL) -> None:
        self.rate = rate
        self._pcm = pcm16(sound)
        self._tail = tail

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Its sound from the beginning, in real time."""
        return _paced(self._pieces(), self.rate)

    async def aclose(self) -> None:
        """Nothing: there is nothing to let go."""

    def _pieces(self) -> Iterable[bytes]:
        size = int(self.rate * CHUNK) * 2
        for start in range(0, len(self._pcm), size):
            yield self._pcm[start : start + size]
        yield from _silence(self._tail, self.rate)


class SoundStream:
    """An async iterator as a microphone: whatever it gives is said when it gives it."""

    def __init__(self, sounds: AsyncIterator[Any], rate: int) -> None:
        self.rate = rate
        self._sounds = sounds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Each piece as PCM16 bytes; `rtc.AudioFrame`s are taken too."""
        async for sound in self._sounds:
            yield pcm16(getattr(sound, "data", sound) if hasattr(sound, "sample_rate") else sound)

    async def aclose(self) -> None:
        """Closes the iterator, if it is a generator."""
        close = getattr(self._sounds, "aclose", None)
        if close is not None:
            await close()


class Recording:
    """A WAV file as a loudspeaker: it holds what would have been heard, and not what was cut off.

    Its rate is that of the first sound, unless one is named.
    """

    def __init__(
        self,
        path: str | Path,
        rate: int | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = Path(path)
        self._now = now
        self._rate = rate
        self._clock: PlaybackClock | None = None
        self._waiting = bytearray()
        self._written = 0
        self._resampler: Resampler | None = None
        try:
            self._bytes = self.path.open("wb")
        except OSError as error:
            raise MediaError(f"{self.path} cannot be written: {error.strerror}.") from None
        self._file: wave.Wave_write | None = wave.open(self._bytes, "wb")  # noqa: SIM115
        self._file.setnchannels(1)
        self._file.setsampwidth(2)
        self._file.setframerate(rate or 16000)

    @property
    def heard(self) -> float:
        """Seconds of sound that time has passed for; as many are in the file."""
        self._settle()
        return self._written / self._clock.rate if self._clock is not None else 0.0

    def play(self, pcm: bytes, rate: int) -> None:
        """Takes the next sound, to be heard after what waits."""
        if self._file is None:
            return
        if self._clock is None:
            self._clock = PlaybackClock(self._rate or rate)
            self._file.setframerate(self._clock.rate)
        if rate != self._clock.rate:
            pcm = self._resampled(pcm, rate)
        self._settle()
        self._waiting += pcm
        self._clock.send(len(pcm) // 2, self._now())

    def stop(self) -> None:
        """Drops what was not heard yet."""
        self._settle()
        if self._clock is not None:
            self._clock.hold(self._now())
            self._clock.rewind(self._written)
        self._waiting.clear()
        self._resampler = None

    def end(self) -> None:
        """Nothing more comes for now: what waits is heard to its end."""
        if self._resampler is not None and self._clock is not None:
            rest, self._resampler = self._resampler.flush(), None
            self._waiting += rest
            self._clock.send(len(rest) // 2, self._now())

    def close(self) -> None:
        """Writes what was heard, and closes the file; twice is no error."""
        self._settle()
        file, self._file = self._file, None
        if file is not None:
            file.close()
            self._bytes.close()

    def _settle(self) -> None:
        """Writes what was heard since the last time."""
        if self._clock is None or self._file is None:
            return
        count = self._clock.position(self._now()) - self._written
        if count > 0:
            self._file.writeframesraw(bytes(self._waiting[: count * 2]))
            del self._waiting[: count * 2]
            self._written += count

    def _resampled(self, pcm: bytes, rate: int) -> bytes:
        if self._clock is None:
            return pcm
        if self._resampler is None or self._resampler.source != rate:
            from duologue.client.resample import Resampler

            self._resampler = Resampler(rate, self._clock.rate)
        return self._resampler.take(pcm)


def pcm16(sound: Any) -> bytes:
    """PCM16 bytes of bytes, of an array of int16, or of one of -1 to 1."""
    if isinstance(sound, bytes | bytearray | memoryview):
        return bytes(sound)
    kind, shape = getattr(sound, "dtype", None), getattr(sound, "shape", ())
    if kind is None or len(shape) != 1:
        given = f"{type(sound).__name__} of shape {shape}" if shape else type(sound).__name__
        raise MediaError(
            f"Sound is bytes of PCM16 mono, or an array of one dimension, not {given}."
        )
    import numpy as np

    if kind.kind == "f":
        sound = np.clip(np.rint(sound * 32767.0), -32768, 32767)
    elif kind != np.int16:
        raise MediaError(f"Sound is an array of int16, or of -1 to 1 as floats, not of {kind}.")
    return bytes(sound.astype("<i2").tobytes())


def mono(frames: bytes, width: int, channels: int) -> bytes:
    """PCM16 mono of a WAV file's frames."""
    if (width, channels) == (2, 1):
        return frames
    import numpy as np

    raw = np.frombuffer(frames, dtype=np.uint8).reshape(-1, width)
    # The two highest bytes of a sample are enough; 8-bit WAV has no sign.
    if width == 1:
        samples = (raw[:, 0].astype(np.int32) - 128) << 8
    else:
        samples = np.ascontiguousarray(raw[:, -2:]).view("<i2")[:, 0].astype(np.int32)
    mixed = samples.reshape(-1, channels).mean(axis=1)
    return bytes(np.rint(mixed).astype("<i2").tobytes())


def _silence(seconds: float, rate: int) -> Iterable[bytes]:
    chunk = bytes(int(rate * CHUNK) * 2)
    return (chunk for _ in range(round(seconds / CHUNK)))


async def _paced(pieces: Iterable[bytes], rate: int) -> AsyncIterator[bytes]:
    """Gives each piece when its time has come."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for pcm in pieces:
        await asyncio.sleep(max(0.0, due - loop.time()))
        due += len(pcm) / 2 / rate
        yield pcm
