"""Sound from files and memory in real time, and into files."""

from __future__ import annotations

import asyncio
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.virtual import run

from duologue.client.errors import MediaError
from duologue.client.sounds import Recording, Samples, SoundFile, SoundStream, pcm16

TONE = bytes(np.rint(np.sin(np.arange(16000) * 0.2) * 9000).astype("<i2").tobytes())


def written(
    path: Path, frames: bytes, *, width: int = 2, channels: int = 1, rate: int = 16000
) -> Path:
    """A WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return path


def read(path: Path) -> tuple[int, bytes]:
    """The rate and the samples of a WAV file."""
    with wave.open(str(path), "rb") as file:
        return file.getframerate(), file.readframes(file.getnframes())


def heard(source: Any) -> tuple[bytes, float]:
    """All of a source's sound and how long it took, in virtual time."""

    async def whole() -> tuple[bytes, float]:
        pcm = b"".join([piece async for piece in source])
        await source.aclose()
        return pcm, asyncio.get_running_loop().time()

    return run(whole())


def test_a_file_is_said_in_real_time_with_silence_behind_it(tmp_path: Path) -> None:
    """A second of sound takes a second; the silence lets the agent know that it is over."""
    file = SoundFile(written(tmp_path / "a.wav", TONE), tail=0.5)
    pcm, took = heard(file)
    assert file.rate == 16000
    assert pcm == TONE + bytes(16000)
    assert took == pytest.approx(1.5, abs=0.05)


def test_a_file_may_be_heard_twice(tmp_path: Path) -> None:
    """Each time from its beginning."""
    file = SoundFile(written(tmp_path / "a.wav", TONE), tail=0)

    async def twice() -> list[bytes]:
        return [b"".join([piece async for piece in file]) for _ in range(2)]

    assert run(twice()) == [TONE, TONE]


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_width_is_mixed_to_16_bits_of_mono(tmp_path: Path, width: int, channels: int) -> None:
    """Two channels of one sound are that sound."""
    samples = np.frombuffer(TONE, dtype="<i2").astype(np.int64)
    if width == 1:
        raw = (samples // 256 + 128).astype(np.uint8).reshape(-1, 1)
    else:
        wide = samples << (8 * (width - 2))
        raw = wide.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width]
    frames = np.repeat(raw.reshape(-1, 1, width), channels, axis=1).tobytes()
    path = written(tmp_path / "a.wav", frames, width=width, channels=channels)
    found = np.frombuffer(heard(SoundFile(path, tail=0))[0], dtype="<i2").astype(int)
    assert len(found) == len(samples)
    assert np.max(np.abs(found - samples)) <= (256 if width == 1 else 0)


def test_channels_are_mixed_by_their_mean(tmp_path: Path) -> None:
    """Neither is louder."""
    path = written(tmp_path / "a.wav", struct.pack("<4h", 1000, 3000, -32768, -32768), channels=2)
    assert heard(SoundFile(path, tail=0))[0] == struct.pack("<2h", 2000, -32768)


def test_a_file_that_is_no_wav_says_what_to_do(tmp_path: Path) -> None:
    """With its name, and the command that makes one."""
    (tmp_path / "a.mp3").write_bytes(b"ID3" * 100)
    (tmp_path / "empty.wav").write_bytes(b"")
    for name in ("a.mp3", "none.wav", "empty.wav"):
        with pytest.raises(MediaError, match=rf"{name} cannot be heard: .*ffmpeg"):
            SoundFile(tmp_path / name)


def test_samples_are_said_from_bytes_and_arrays() -> None:
    """int16 as it is, floats from -1 to 1 with what is louder clipped."""
    array = np.array([0, 1000, -32768], dtype=np.int16)
    for given in (array, array.tobytes(), bytearray(array.tobytes())):
        assert heard(Samples(given, 8000, tail=0))[0] == array.tobytes()
    loud = np.array([0.0, 0.5, 1.5, -2.0], dtype=np.float32)
    assert heard(Samples(loud, 8000, tail=0))[0] == struct.pack("<4h", 0, 16384, 32767, -32768)
    pcm, took = heard(Samples(TONE, 16000))
    assert len(pcm) == len(TONE) + 25600
    assert took == pytest.approx(1.8, abs=0.05)


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        ("text", "not str"),
        (np.zeros((2, 2), dtype=np.int16), r"shape \(2, 2\)"),
        (np.zeros(3, dtype=np.int32), "of int32"),
    ],
)
def test_what_is_no_sound_is_named(sound: Any, words: str) -> None:
    """By its type, or its shape."""
    with pytest.raises(MediaError, match=words):
        pcm16(sound)


def test_a_stream_is_said_as_it_comes() -> None:
    """Bytes, arrays and LiveKit's frames; its generator is closed."""
    from livekit import rtc

    closed = []

    async def pieces() -> AsyncIterator[Any]:
        try:
            yield b"\1\2"
            yield np.array([3], dtype=np.int16)
            yield rtc.AudioFrame(b"\4\0", 16000, 1, 1)
            yield b"never"
        finally:
            closed.append(True)

    async def some() -> list[bytes]:
        stream = SoundStream(pieces(), 16000)
        found: list[bytes] = []
        async for piece in stream:
            found.append(piece)
            if len(found) == 3:
                break
        await stream.aclose()
        return found

    assert run(some()) == [b"\1\2", b"\3\0", b"\4\0"]
    assert closed == [True]


class Time:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_a_recording_holds_what_would_have_been_heard(tmp_path: Path) -> None:
    """What was cut off is not in it, as if a loudspeaker had been stopped."""
    time = Time()
    recording = Recording(tmp_path / "out.wav", now=time)
    assert recording.heard == 0.0
    recording.stop()
    recording.play(TONE, 16000)
    time.now += 0.25
    assert recording.heard == 0.25
    recording.stop()
    time.now += 5
    recording.play(TONE[:1600], 16000)
    recording.end()
    time.now += 1
    assert recording.heard == 0.3
    recording.close()
    recording.close()
    recording.play(TONE, 16000)
    assert read(tmp_path / "out.wav") == (16000, TONE[:8000] + TONE[:1600])


def test_a_recording_keeps_one_rate(tmp_path: Path) -> None:
    """That of its first sound; another is changed, to its last sample."""
    time = Time()
    recording = Recording(tmp_path / "out.wav", now=time)
    recording.play(bytes(3200), 16000)
    time.now += 1
    recording.play(bytes(9600), 48000)
    recording.play(bytes(9600), 24000)
    recording.end()
    time.now += 1
    recording.close()
    rate, pcm = read(tmp_path / "out.wav")
    assert rate == 16000
    assert len(pcm) == pytest.approx(3200 + 3200 + 6400, abs=120)


def test_a_recording_may_name_its_rate(tmp_path: Path) -> None:
    """And an empty one is a file all the same."""
    Recording(tmp_path / "none.wav", 48000).close()
    assert read(tmp_path / "none.wav") == (48000, b"")


def test_a_recording_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    """And why."""
    with pytest.raises(MediaError, match=r"none/out\.wav cannot be written: No such file"):
        Recording(tmp_path / "none" / "out.wav")
