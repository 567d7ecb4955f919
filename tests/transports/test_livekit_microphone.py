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
