"""The agent's eye."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from livekit import rtc
from livekit.agents import Agent
from tests.pipeline.stage import stage

import duologue
from duologue.agents.current import Current
from duologue.pipeline.seeing import Eye


def picture(shade: int) -> rtc.VideoFrame:
    """A small grey picture."""
    return rtc.VideoFrame(2, 2, rtc.VideoBufferType.RGBA, bytes([shade] * 16))


async def test_a_pipeline_that_is_behind_sees_the_newest_alone() -> None:
    """What is old when its turn comes is passed over, and nothing is seen twice."""
    eye = Eye()
    for shade in (1, 2, 3):
        eye.see(picture(shade))
    assert (await anext(eye)).data[0] == 3
    waiting = asyncio.create_task(anext(eye))
    await asyncio.sleep(0)
    assert not waiting.done()
    eye.see(picture(4))
    assert (await waiting).data[0] == 4


async def test_the_newest_stays_in_reach_until_nothing_is_shown() -> None:
    """Whoever looks gets it as often as it looks; a picture that was taken away is gone."""
    eye = Eye()
    assert eye.newest() is None
    shown = picture(7)
    eye.see(shown)
    await anext(eye)
    assert eye.newest() is shown
    eye.see(None)
    assert eye.newest() is None


async def test_a_picture_taken_away_before_it_was_seen_is_not_seen() -> None:
    """The pipeline waits for the next."""
    eye = Eye()
    eye.see(picture(1))
    eye.see(None)
    waiting = asyncio.create_task(anext(eye))
    await asyncio.sleep(0)
    assert not waiting.done()
    eye.see(picture(2))
    assert (await waiting).data[0] == 2


async def test_closing_ends_the_stream_and_keeps_nothing() -> None:
    """Who waits is told, and what comes later is not taken."""
    eye = Eye()
    eye.see(picture(1))
    await anext(eye)
    waiting = asyncio.create_task(anext(eye, None))
    await asyncio.sleep(0)
    eye.close()
    assert await waiting is None
    eye.see(picture(2))
    assert eye.newest() is None
    assert [frame async for frame in eye] == []


async def test_an_agent_that_sees_has_an_eye_as_long_as_its_run(tmp_path: Path) -> None:
    """Another has none; and over a socket nobody shows anything."""
    here: list[Current] = []

    def make() -> Agent:
        here.append(duologue.current())
        return Agent(instructions="Look.")

    async with stage(tmp_path / "seeing", make=make, vision=True) as house:
        client = await house.join()
        await client.said("Hello.")
        eye = client.run.eye
        assert eye is not None
        eye.see(picture(1))
        with pytest.raises(duologue.NotOnThisTransport, match=r"frame\(\).*websocket road"):
            here[0].frame()
        here[0].transport = "livekit"
        assert here[0].frame() is eye.newest()
        assert here[0].frame() is not None
        await house.leave(client)
        assert eye.newest() is None
    async with stage(tmp_path / "blind") as house:
        assert (await house.join()).run.eye is None
