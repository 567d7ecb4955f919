"""A room is recorded as a socket is: what its user heard, and what the agent heard of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.test_opus import heard, pitch
from tests.pipeline.test_recording import files, kept, sides, where
from tests.rooms.caller import Caller, Hall, hall
from tests.rooms.livekit import LiveKit

from duologue.testing.models import ToneTTS
from duologue.testing.speech import tone
from duologue.wire.rooms import RECORDED, Claim

AGENT, USER = 330, 600
"""Hertz."""
KEY = b"a key that both sides have"
SECRET: dict[str, Any] = {"encryption": "required", "encryption_key": "env:ROOM_KEY"}


async def over(house: Hall, ann: Caller, claim: Claim) -> str:
    """The conversation ends; the id of its run."""
    host, org = house.stage.host, house.stage.org_id
    run = host.run_of(claim.conversation)
    assert run is not None
    await host.finish(org, claim.conversation, "done")
    await run.closed()
    return run.id


async def test_both_sides_of_a_room_are_recorded(tmp_path: Path, livekit: LiveKit) -> None:
    """The agent right, once it is heard; the user left; everybody in the room can know it."""
    voice = ToneTTS(hertz=AGENT)
    async with hall(tmp_path, livekit, record=True, tts=voice, greeting="g" * 30) as house:
        ann, claim = await house.call()
        await ann.reads("g" * 30)
        assert (await ann.agent()).attributes[RECORDED] == "1"
        await ann.say(tone(2.0, USER, 16_000))
        run = await over(house, ann, claim)
        (found,) = await kept(house.stage, run)
        (file,) = files(tmp_path)
    assert found.state == "complete"
    sound = heard(file)
    begin, end = where(sound[1])
    assert end - begin == pytest.approx(1.8, abs=0.15)
    assert pitch(sound[1, int((begin + 0.3) * 48_000) : int((end - 0.3) * 48_000)]) == (
        pytest.approx(AGENT, abs=3)
    )
    first, last = where(sound[0])
    assert first > end - 0.3
    assert last - first == pytest.approx(2.0, abs=0.3)
    assert sides(file, first + 0.4, last - 0.4)[0] == pytest.approx(USER, abs=3)


async def test_an_answer_that_is_cut_is_recorded_as_far_as_it_was_heard(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """What was on its way to the track is not in the recording, as it was not heard."""
    async with hall(tmp_path, livekit, record=True, greeting="g" * 120) as house:
        ann, claim = await house.call()
        await ann.until(lambda: "speaking" in ann.states)
        await asyncio.sleep(2)
        run = house.stage.host.run_of(claim.conversation)
        assert run is not None
        run.interrupt()
        await ann.until(lambda: ann.states[-1] == "listening")
        await over(house, ann, claim)
        (file,) = files(tmp_path)
    begin, end = where(heard(file)[1])
    assert 1.0 < end - begin < 4.0


async def test_an_encrypted_room_is_not_recorded(
    tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it say so."""
    monkeypatch.setenv("ROOM_KEY", KEY.decode())
    async with hall(tmp_path, livekit, record=True, **SECRET) as house:
        claim = await house.claim("room-secret", e2ee=True)
        ann = await house.enter(claim, key=KEY)
        house.send_agent(claim)
        await ann.reads("Hello.")
        assert RECORDED not in (await ann.agent()).attributes
        run = await over(house, ann, claim)
        assert await kept(house.stage, run) == []
    assert files(tmp_path) == []
