"""What of a user's track is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc

from duologue.core.first_sound import LOUDEST
from duologue.transports.livekit.microphone import FRAME_MS, RATE, Microphone

NOISE = b"\xff\x7f" * (RATE * FRAME_MS // 1000)
FRAMES = 30


class Stream:
    """What the native library decodes of a track, as loud as can be."""

    def __init__(self, *_: object, **__: object) -> None:
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        for _ in range(FRAMES):
            yield SimpleNamespace(frame=SimpleNamespace(data=NOISE))

    async def aclose(self) -> None:
        """Nothing to let go."""


@pytest.mark.parametrize("encrypted", [False, True])
async def test_an_encrypted_voice_does_not_begin_with_noise(
    encrypted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first packets are decoded before LiveKit decrypts; what is in clear is left alone."""
    monkeypatch.setattr(rtc, "AudioStream", Stream)
    heard: list[bytes] = []
    settled = asyncio.Event()

    def hear(pcm: bytes, _: int) -> None:
        heard.append(pcm)
        if len(heard) >= FRAMES - 2 and pcm == NOISE:
            settled.set()

    microphone = Microphone(hear, lambda _: None, lambda: None, lambda _: True)
    kind = rtc.EncryptionType.GCM if encrypted else rtc.EncryptionType.NONE
    publication: Any = SimpleNamespace(
        sid="TR_1",
        source=rtc.TrackSource.SOURCE_MICROPHONE,
        muted=False,
        audio_features=[],
        encryption_type=kind,
    )
    track: Any = object()
    microphone.subscribed(track, publication)
    microphone.open()
    await asyncio.wait_for(settled.wait(), 10)
    await microphone.close()
    loudest = max(abs(int.from_bytes(heard[0][at : at + 2], "little")) for at in (0, 2, 4))
    assert (loudest == LOUDEST) == encrypted
    assert (len(heard) < FRAMES) == encrypted


class Player:
    """A microphone whose listening is written down: which track, and what was told of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[str] = []
        monkeypatch.setattr(rtc, "AudioStream", lambda track, **_: Endless(track))
        self.microphone = Microphone(
            lambda pcm, _: self.told.append(f"heard {pcm.decode()}"),
            lambda again: self.told.append("on again" if again else "on"),
            lambda: self.told.append("off"),
            lambda _: True,
        )
        self.microphone.open()

    async def after(self) -> list[str]:
        """What was told since it was asked last."""
        for _ in range(50):
            await asyncio.sleep(0)
        told, self.told = self.told, []
        return told


class Endless(Stream):
    """A stream of one frame, which says whose it is, and then of waiting."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    async def __aiter__(self) -> AsyncIterator[Any]:
        yield SimpleNamespace(frame=SimpleNamespace(data=self._name.encode()))
        await asyncio.Event().wait()


def track(name: str, *, muted: bool = False) -> tuple[Any, Any]:
    """A track that bears its publication's name."""
    kind = rtc.EncryptionType.NONE
    source = rtc.TrackSource.SOURCE_MICROPHONE
    return name, SimpleNamespace(
        sid=name, source=source, muted=muted, audio_features=[], encryption_type=kind, track=name
    )


@pytest.mark.parametrize("silence_first", [True, False])
async def test_a_muted_track_never_stands_in_the_way_of_one_that_is_on(
    silence_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of both comes first, and whichever goes."""
    player = Player(monkeypatch)
    silent, voice = track("silent", muted=True), track("voice")
    for one in (silent, voice) if silence_first else (voice, silent):
        player.microphone.subscribed(*one)
    assert await player.after() == ["on", "heard voice"]
    player.microphone.taken("silent")
    assert await player.after() == []
    player.microphone.taken("voice")
    assert await player.after() == ["off"]
    player.microphone.subscribed(*silent)
    assert await player.after() == ["heard silent"], "one that comes muted is not switched off"
    player.microphone.taken("silent")
    assert await player.after() == []
    await player.microphone.close()


async def test_another_track_is_heard_when_one_falls_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a button, or because it is taken away; and one that is switched on is heard again."""
    player = Player(monkeypatch)
    first, second = track("first"), track("second")
    player.microphone.subscribed(*first)
    assert await player.after() == ["on", "heard first"]
    player.microphone.subscribed(*second)
    assert await player.after() == ["on", "heard second"], "the newest"
    second[1].muted = True
    player.microphone.muted("second")
    assert await player.after() == ["off", "on", "heard first"]
    first[1].muted = True
    player.microphone.muted("first")
    second[1].muted = False
    player.microphone.unmuted("second")
    assert await player.after() == ["off", "on again", "heard second"]
    first[1].muted = False
    player.microphone.unmuted("first")
    assert await player.after() == [], "who is heard is not interrupted by another"
    gone: Any = SimpleNamespace(track_publications={"first": first[1]})
    player.microphone.look_at(gone)
    assert await player.after() == ["off", "on", "heard first"]
    await player.microphone.close()
    player.microphone.unmuted("first")
    assert await player.after() == []
