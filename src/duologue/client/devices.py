"""This machine's microphone and loudspeaker, by `sounddevice` where it is installed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

from duologue.client.errors import MediaError

BLOCK: Final = 0.02
"""Seconds of sound in a block of the device."""
BEHIND: Final = 100
"""Blocks of the microphone that may wait; of what is older nobody wants to know."""
INSTALL: Final = (
    "pip install sounddevice; on Linux also PortAudio itself: apt-get install libportaudio2"
)


def sounddevice() -> Any:
    """The library, or a `MediaError` that says how to get it."""
    try:
        import sounddevice as found  # type: ignore[import-untyped]  # it ships no types
    except ImportError as error:
        raise MediaError(f"Microphone and loudspeaker need sounddevice: {INSTALL}.") from error
    except OSError as error:
        raise MediaError(f"sounddevice does not work ({error}): {INSTALL}.") from error
    return found


class _Device:
    """A device that is looked for at once, and opened when it is used."""

    def __init__(self, kind: str, device: int | str | None, backend: Any) -> None:
        self._kind = kind
        self._device = device
        self._backend = sounddevice() if backend is None else backend
        self._stream: Any = None
        try:
            found = self._backend.query_devices(device, kind)
            self.rate = int(found["default_samplerate"])
        except (ValueError, self._backend.PortAudioError) as error:
            raise self._error(error) from error

    def _open(self, stream: Any, callback: Any) -> None:
        try:
            self._stream = stream(
                samplerate=self.rate, channels=1, dtype="int16", device=self._device,
                blocksize=int(self.rate * BLOCK), callback=callback,
            )  # fmt: skip
            self._stream.start()
        except (ValueError, self._backend.PortAudioError) as error:
            self._shut()
            raise self._error(error) from error

    def _shut(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()
            stream.close()

    def _error(self, error: Exception) -> MediaError:
        which = "The default device" if self._device is None else f"Device {self._device!r}"
        words = "python -m sounddevice lists what there is"
        return MediaError(f"{which} for {self._kind} cannot be used: {error}; {words}.")


class Microphone(_Device):
    """A microphone as a source of sound; `device` is a number or a part of a name."""

    def __init__(self, device: int | str | None = None, *, backend: Any = None) -> None:
        super().__init__("input", device, backend)
        self._blocks: deque[bytes] = deque(maxlen=BEHIND)
        self._news = asyncio.Event()
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What it hears, until it is closed."""
        loop = asyncio.get_running_loop()

        def heard(data: Any, frames: int, moment: Any, status: Any) -> None:
            self._blocks.append(bytes(data))
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._news.set)

        if not self._closed:
            self._open(self._backend.RawInputStream, heard)
        try:
            while not self._closed:
                await self._news.wait()
                self._news.clear()
                while self._blocks and not self._closed:
                    yield self._blocks.popleft()
        finally:
            self._shut()

    async def aclose(self) -> None:
        """Lets the microphone go."""
        self._closed = True
        self._news.set()
        self._shut()


class Speaker(_Device):
    """A loudspeaker as a sink of sound; it knows how much of it was heard."""

    def __init__(self, device: int | str | None = None, *, backend: Any = None) -> None:
        super().__init__("output", device, backend)
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._given = 0
        """Samples of sound that the device took."""
        self._given_at = 0.0
        self._resampler: Any = None
        self._closed = False

    @property
    def heard(self) -> float:
        """Seconds of sound that left the loudspeaker, as well as its latency is known."""
        with self._lock:
            given = self._given / self.rate
            latency = float(self._stream.latency) if self._stream is not None else 0.0
            inside = max(0.0, latency - (time.monotonic() - self._given_at))
        return max(0.0, given - inside)

    def play(self, pcm: bytes, rate: int) -> None:
        """Takes the next sound, to be heard after what waits."""
        if self._closed:
            return
        if rate != self.rate:
            pcm = self._resampled(pcm, rate)
        with self._lock:
            self._waiting += pcm
        if self._stream is None:
            self._open(self._backend.RawOutputStream, self._fill)

    def stop(self) -> None:
        """Is silent from the next block on."""
        with self._lock:
            self._waiting.clear()
        self._resampler = None

    def end(self) -> None:
        """Nothing more comes for now: what waits is heard to its end."""
        if self._resampler is not None:
            rest, self._resampler = self._resampler.flush(), None
            with self._lock:
                self._waiting += rest

    def close(self) -> None:
        """Lets the loudspeaker go; twice is no error."""
        self._closed = True
        self.stop()
        self._shut()

    def _fill(self, out: Any, frames: int, moment: Any, status: Any) -> None:
        """Gives the device its next block; silence where nothing waits."""
        with self._lock:
            pcm = bytes(self._waiting[: frames * 2])
            del self._waiting[: frames * 2]
            if pcm:
                self._given += len(pcm) // 2
                self._given_at = time.monotonic()
        out[:] = pcm + bytes(frames * 2 - len(pcm))

    def _resampled(self, pcm: bytes, rate: int) -> bytes:
        if self._resampler is None or self._resampler.source != rate:
            from duologue.client.resample import Resampler

            self._resampler = Resampler(rate, self.rate)
        return bytes(self._resampler.take(pcm))
