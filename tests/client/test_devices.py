"""Microphone and loudspeaker by sounddevice; the hardware alone is a double."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest

from duologue.client import devices
from duologue.client.devices import BEHIND, Microphone, Speaker
from duologue.client.errors import MediaError


class Stream:
    """What PortAudio would open."""

    def __init__(self, backend: Hardware, options: dict[str, Any]) -> None:
        self.options = options
        self.done: list[str] = []
        self.latency = 0.0
        self._broken = backend.broken

    def start(self) -> None:
        """Begins, unless the device is gone."""
        self.done.append("start")
        if self._broken:
            raise Hardware.PortAudioError("Device unavailable")

    def abort(self) -> None:
        """Ends at once."""
        self.done.append("abort")

    def close(self) -> None:
        """Lets the device go."""
        self.done.append("close")

    def hears(self, pcm: bytes) -> None:
        """Calls back as PortAudio does: from a thread of its own."""
        callback = self.options["callback"]
        thread = threading.Thread(target=callback, args=(pcm, len(pcm) // 2, None, None))
        thread.start()
        thread.join()

    def asks(self, frames: int) -> bytes:
        """What the device would play next."""
        out = bytearray(frames * 2)
        self.options["callback"](memoryview(out), frames, None, None)
        return bytes(out)


class Hardware:
    """A machine with one device of each kind."""

    class PortAudioError(Exception):
        """As in sounddevice."""

    def __init__(self, rate: float = 48000.0, *, broken: bool = False) -> None:
        self.rate = rate
        self.broken = broken
        self.streams: list[Stream] = []

    def query_devices(self, device: Any, kind: str) -> dict[str, Any]:
        """What is known of a device."""
        if device == "none":
            raise ValueError("No input device matching 'none'")
        return {"default_samplerate": self.rate, "kind": kind}

    def RawInputStream(self, **options: Any) -> Stream:  # noqa: N802  # sounddevice's name
        """Opens a microphone."""
        self.streams.append(Stream(self, options))
        return self.streams[-1]

    RawOutputStream = RawInputStream


async def test_a_microphone_gives_what_it_hears() -> None:
    """In blocks, at the device's own rate, until it is closed."""
    machine = Hardware(44100.0)
    microphone = Microphone(backend=machine)
    assert (microphone.rate, machine.streams) == (44100, [])
    heard = aiter(microphone)
    first = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(0)
    (stream,) = machine.streams
    assert stream.options | {"callback": None} == {
        "samplerate": 44100, "channels": 1, "dtype": "int16", "device": None,
        "blocksize": 882, "callback": None,
    }  # fmt: skip
    stream.hears(b"\1\2")
    assert await first == b"\1\2"
    stream.hears(b"\3\4")
    stream.hears(b"\5\6")
    assert [await anext(heard), await anext(heard)] == [b"\3\4", b"\5\6"]
    await microphone.aclose()
    await microphone.aclose()
    assert [pcm async for pcm in heard] == []
    assert stream.done == ["start", "abort", "close"]
    assert [pcm async for pcm in microphone] == []


async def test_what_nobody_takes_in_time_is_dropped() -> None:
    """The newest sound is what counts."""
    machine = Hardware()
    microphone = Microphone(backend=machine)
    heard = aiter(microphone)
    first = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(0)
    for number in range(BEHIND + 50):
        machine.streams[0].hears(number.to_bytes(2, "little"))
    assert await first == (50).to_bytes(2, "little")
    await microphone.aclose()


async def test_a_speaker_plays_at_the_rate_of_its_device() -> None:
    """Sound is changed to it; where nothing waits there is silence."""
    machine = Hardware(48000.0)
    speaker = Speaker(backend=machine)
    assert machine.streams == []
    speaker.play(b"\1\0" * 1600, 16000)
    speaker.end()
    (stream,) = machine.streams
    played = b"".join(stream.asks(960) for _ in range(6))
    assert len(played) == 960 * 2 * 6
    assert played[9600:] == bytes(1920)
    assert speaker.heard == pytest.approx(0.1, abs=0.001)
    speaker.play(b"\7\0" * 960, 48000)
    assert stream.asks(960) == b"\7\0" * 960
    assert len(machine.streams) == 1
    speaker.close()
    speaker.close()
    assert stream.done == ["start", "abort", "close"]
    speaker.play(b"\7\0" * 960, 48000)
    assert len(machine.streams) == 1


async def test_a_speaker_stops_at_once_and_knows_how_far_it_was() -> None:
    """What the device took was heard, after its latency; the rest never is."""
    machine = Hardware()
    speaker = Speaker(backend=machine)
    speaker.play(b"\1\0" * 48000, 48000)
    (stream,) = machine.streams
    stream.asks(960)
    stream.asks(960)
    assert speaker.heard == pytest.approx(0.04, abs=0.001)
    stream.latency = 10.0
    assert speaker.heard == 0.0
    speaker.stop()
    assert stream.asks(960) == bytes(1920)
    stream.latency = 0.0
    assert speaker.heard == pytest.approx(0.04, abs=0.001)
    speaker.close()


def test_a_device_that_is_not_there_is_named() -> None:
    """With the command that lists those that are."""
    for kind in (Microphone, Speaker):
        with pytest.raises(MediaError, match=r"'none' for (in|out)put .*python -m sounddevice"):
            kind("none", backend=Hardware())


async def test_a_device_that_cannot_be_opened_is_let_go() -> None:
    """And the reason told."""
    machine = Hardware(broken=True)
    with pytest.raises(MediaError, match=r"default device for output .*Device unavailable"):
        Speaker(backend=machine).play(b"\0\0", 48000)
    with pytest.raises(MediaError, match=r"default device for input .*Device unavailable"):
        await anext(aiter(Microphone(backend=machine)))
    assert [stream.done for stream in machine.streams] == [["start", "abort", "close"]] * 2


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a machine that has the library and not PortAudio."""
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    for kind in (Microphone, Speaker):
        with pytest.raises(MediaError, match="pip install sounddevice"):
            kind()

    class Finder:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(MediaError, match=r"PortAudio library not found.*libportaudio2"):
        devices.sounddevice()
