"""A person takes over in a room: the caller hears them there, and those who watch see both."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.pipeline.test_tap import until_over
from tests.rooms.caller import hall
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import loudness

from duologue.bus.bell import one_of
from duologue.testing.models import ScriptedAnswers, ScriptedSTT
from duologue.testing.speech import speak
from duologue.wire import live as wire


async def test_a_person_answers_in_a_room(tmp_path: Path, livekit: LiveKit) -> None:
    """Spoken to, they answer by the agent's track; the agent is back when they hand back."""
    mind = ScriptedAnswers(["Back again."])
    stt = ScriptedSTT(["who is there"])
    async with hall(tmp_path, livekit, llm=lambda: mind, stt=stt) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        bell, org = house.stage.host.bell, house.stage.org_id
        reading = asyncio.create_task(until_over(bell.subscribe(one_of(org, claim.conversation))))
        shown = await bell.order(org, claim.conversation, wire.TakeOver("con_1", "Ada", 60))
        assert (shown.transport, shown.clients) == ("livekit", 1)
        await ann.until(lambda: any(one.get("code") == "taken_over" for one in ann.data))
        await ann.say(speak("who is there"))
        await ann.until(lambda: any("who is there" in one.text for one in ann.of_user()))
        before = len(ann.heard)
        await bell.order(org, claim.conversation, wire.Speak("con_1", "It is me, Ada."))
        await ann.reads("It is me, Ada.")
        await ann.until(lambda: "listening" in ann.states[-1:])
        await ann.until(lambda: loudness(bytes(ann.heard[before:])) > 2000)
        assert mind.talks == []
        await bell.order(org, claim.conversation, wire.HandBack("con_1"))
        await ann.until(lambda: any(one.get("code") == "handed_back" for one in ann.data))
        await ann.write("and now?")
        await ann.reads("Back again.")
        await bell.order(org, claim.conversation, wire.End("done"))
        told = await reading
    words = [(one.side, one.text) for one in told if isinstance(one, wire.Words) and one.final]
    assert words == [
        ("user", "who is there"),
        ("person", "It is me, Ada."),
        ("user", "and now?"),
        ("agent", "Back again."),
    ]
    levels = [one for one in told if isinstance(one, wire.Levels)]
    assert max((one.user for one in levels), default=0) > 0.3


async def test_a_person_speaks_with_their_own_voice_in_a_room(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """The caller hears it as it is spoken, and reads it then; and is heard by the person."""
    ears = ScriptedSTT(["it is me myself"])
    async with hall(tmp_path, livekit, stt=ears) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        bell, org = house.stage.host.bell, house.stage.org_id
        await bell.order(org, claim.conversation, wire.TakeOver("con_1", "Ada", 60))
        await ann.until(lambda: any(one.get("code") == "taken_over" for one in ann.data))
        run = house.stage.host.run_of(claim.conversation)
        assert run is not None
        heard = bytearray()
        assert run.takeover.pick_up("con_1", heard.extend, lambda why: None)
        before = len(ann.heard)
        voice = bytes(16000) + speak("It is me myself.").at(16000).pcm + bytes(32000)
        for start in range(0, len(voice), 640):
            run.takeover.hear("con_1", voice[start : start + 640])
            await asyncio.sleep(0.02)
        await ann.reads("it is me myself")
        await ann.until(lambda: loudness(bytes(ann.heard[before:])) > 2000)
        await ann.say(speak("who is there"))
        await ann.until(lambda: loudness(bytes(heard)) > 2000)
