"""Rooms that are encrypted from end to end: with the key everything, without it nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from tests.rooms.caller import hall
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import loudness

from duologue.testing.models import ScriptedSTT
from duologue.testing.speech import speak

KEY = b"a key that both sides have"
SECRET: dict[str, Any] = {"encryption": "required", "encryption_key": "env:ROOM_KEY"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOM_KEY", KEY.decode())


async def test_who_has_the_key_talks_as_in_any_room(tmp_path: Path, livekit: LiveKit) -> None:
    """Sound, captions and chat; whose words a caption shows, the track says."""
    stt = ScriptedSTT(["What time is it?"])
    async with hall(tmp_path, livekit, stt=stt, **SECRET) as house:
        claim = await house.claim("room-secret", e2ee=True)
        ann = await house.enter(claim, key=KEY)
        house.send_agent(claim)
        await ann.reads("Hello.")
        await ann.until(lambda: loudness(bytes(ann.heard)) > 2000)
        await ann.write("apples")
        await ann.reads("You said: apples")
        speaking = asyncio.create_task(ann.say(speak("What time is it, please?"), quiet=4.0))
        await ann.reads("You said: What time is it?")
        await speaking
        mine = list(ann.room.local_participant.track_publications)
        said = [one for one in ann.captions if one.track in mine]
        assert said[-1].text == "What time is it?"


async def test_who_has_the_key_and_no_track_is_read(tmp_path: Path, livekit: LiveKit) -> None:
    """The key is proven without a track."""
    async with hall(tmp_path, livekit, **SECRET) as house:
        claim = await house.claim("room-written", e2ee=True)
        ann = await house.enter(claim, key=KEY, mic=False)
        house.send_agent(claim)
        await ann.agent()
        await ann.write("apples")
        await ann.reads("You said: apples")


@pytest.mark.parametrize("key", [None, b"another key"])
async def test_who_has_no_key_is_shown_out_and_nothing_of_it_is_read(
    tmp_path: Path, livekit: LiveKit, key: bytes | None
) -> None:
    """What it sent, in clear or with a key of its own, is not taken."""
    async with hall(tmp_path, livekit, **SECRET) as house:
        claim = await house.claim("room-keyless", e2ee=True)
        eve = await house.enter(claim, mic=False, key=key)
        house.send_agent(claim)
        await eve.agent()
        await eve.write("let me in")
        await eve.until(lambda: eve.ended is not None)
        assert not eve.captions
        house.stage.conversation = claim.conversation
        assert not [text for role, text, _ in await house.stage.words() if role == "user"]


async def test_sound_in_clear_is_not_taken_where_encryption_is_required(
    tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Having the key is not enough: who switches encryption off is shown out."""
    # A browser can publish a track in clear in such a room; LiveKit's Python client cannot.
    plain = property(lambda publication: rtc.EncryptionType.NONE)
    monkeypatch.setattr(rtc.RemoteTrackPublication, "encryption_type", plain)
    async with hall(tmp_path, livekit, **SECRET) as house:
        claim = await house.claim("room-switched", e2ee=True)
        ann = await house.enter(claim, mic=False, key=KEY)
        house.send_agent(claim)
        await ann.reads("Hello.")
        await ann.publish()
        await ann.until(lambda: ann.ended is not None)
        assert ann.notice("encryption_required") is not None


async def test_a_missing_key_ends_the_room(
    tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its user is not left alone with an agent that cannot be understood."""
    monkeypatch.delenv("ROOM_KEY")
    async with hall(tmp_path, livekit, **SECRET) as house:
        claim = await house.claim("room-no-key", e2ee=True)
        ann = await house.enter(claim, key=KEY)
        house.send_agent(claim)
        await ann.until(lambda: ann.ended is not None)
        assert ann.notice("encryption_key_missing") is not None


async def test_where_encryption_is_optional_a_user_may_go_without(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """The claim says who asked for it."""
    optional = {**SECRET, "encryption": "optional"}
    async with hall(tmp_path, livekit, **optional) as house:
        ann, _ = await house.call()
        await ann.reads("Hello.")
