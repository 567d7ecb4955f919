"""A session's sound and pictures on a road that a test drives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.client.roads import ScriptedRoad, Sound, session_on, started

from duologue.client.road import SoundReceived


async def test_the_agents_sound_is_decoded_only_when_somebody_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The road is told when the first comes and when the last goes; the level is what was heard."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)
    heard: list[tuple[bytes, int]] = []
    await started(road, session)
    assert not road.listened
    stop = session.listen(lambda pcm, rate: heard.append((pcm, rate)))
    assert road.listened
    road.tell(SoundReceived(b"\x00\x40" * 10, 24000))
    assert heard == [(b"\x00\x40" * 10, 24000)]
    assert session.agent_level == pytest.approx(0.5)
    stop()
    assert not road.listened
    await session.end()
    assert session.agent_level == 0


async def test_sound_before_the_road_is_open_is_kept_for_the_agent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pre-connect audio: what was said early is handed over once, what follows flows."""
    road, sound = ScriptedRoad(), Sound()
    road.may_open.clear()
    session = session_on(road, monkeypatch)
    task = asyncio.create_task(session.start(microphone=sound))
    await asyncio.sleep(0)
    assert session.agent.state == "pre-connect-buffering"
    sound.say(b"ab")
    sound.say(b"cd")
    await asyncio.sleep(0.01)
    road.may_open.set()
    await asyncio.sleep(0.01)
    sound.say(b"ef")
    await asyncio.sleep(0.01)
    road.agent()
    await task
    assert ("publish_microphone", b"abcd", 16000) in road.calls
    assert ("hear", b"ef", 16000) in road.calls
    assert session.microphone is sound
    await session.end()
    assert sound.closed


async def test_without_pre_connect_audio_the_microphone_opens_with_the_road(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is recorded before somebody can hear it."""
    road, sound = ScriptedRoad(), Sound()
    road.may_open.clear()
    session = session_on(road, monkeypatch, pre_connect_audio=False)
    task = asyncio.create_task(session.start(microphone=sound))
    await asyncio.sleep(0.01)
    assert session.microphone is None
    assert session.agent.state == "connecting"
    road.may_open.set()
    await asyncio.sleep(0.01)
    road.agent()
    await task
    assert ("publish_microphone", b"", 16000) in road.calls
    await session.end()


async def test_the_microphone_can_be_muted_exchanged_and_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its level is that of the newest sound, and nothing while it is muted."""
    road, first, second = ScriptedRoad(), Sound(), Sound(48000)
    session = session_on(road, monkeypatch)
    await started(road, session, microphone=first)
    first.say(b"\x00\x20" * 4)
    await asyncio.sleep(0.01)
    assert session.microphone_level == pytest.approx(0.25)
    await session.mute()
    assert (session.is_muted, session.microphone_level) == (True, 0.0)
    assert ("mute", True) in road.calls
    await session.mute(False)
    await session.set_microphone(second)
    assert first.closed
    assert ("publish_microphone", b"", 48000) in road.calls
    await session.set_microphone(False)
    assert second.closed
    assert ("unpublish_microphone",) in road.calls
    await session.hear(b"ab", 16000)
    assert road.calls[-2:] == [("publish_microphone", 16000), ("hear", b"ab", 16000)]
    await session.end()


async def test_pictures_go_to_the_road(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera and a screen, each by its name, and none takes it away."""
    road = ScriptedRoad()
    session = session_on(road, monkeypatch)

    async def frames() -> Any:
        yield "frame"

    camera, screen = frames(), frames()
    await started(road, session, camera=camera)
    await session.share_screen(screen)
    await session.set_camera(None)
    assert [call for call in road.calls if "video" in call[0]] == [
        ("unpublish_video", "camera"),
        ("publish_video", camera, "camera"),
        ("unpublish_video", "screen"),
        ("publish_video", screen, "screen"),
        ("unpublish_video", "camera"),
    ]
    await session.end()
