"""A talk in a room: greeted, asked, answered, interrupted, by voice and in writing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from livekit import rtc
from tests.rooms.caller import hall
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import loudness

from duologue.testing.models import ScriptedSTT
from duologue.testing.speech import speak
from duologue.wire.rooms import AGENT_NAME, AGENT_NAME_OLD, INTERRUPTED

LONG = "This is a long greeting that nobody hears to its end, for it goes on and on and on."


async def test_a_user_is_greeted_and_hears_it(tmp_path: Path, livekit: LiveKit) -> None:
    """The greeting is sound on the agent's track, and words in one caption."""
    async with hall(tmp_path, livekit, greeting="Hello and welcome.") as house:
        ann, _ = await house.call()
        caption = await ann.reads("Hello and welcome.")
        assert caption.final
        assert caption.segment.startswith("SG_")
        agent = await ann.agent()
        assert caption.sender == agent.identity
        assert caption.track in agent.track_publications
        assert agent.track_publications[caption.track].name == "roomio_audio"
        assert INTERRUPTED not in caption.attributes
        await ann.until(lambda: "listening" in ann.states[1:])
        await ann.until(lambda: loudness(bytes(ann.heard)) > 2000)
        assert agent.name == "Desk"
        assert agent.attributes[AGENT_NAME] == agent.attributes[AGENT_NAME_OLD] == "desk"
        assert "speaking" in ann.states


async def test_a_typed_message_is_answered_and_not_shown_twice(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """Its sender has it already; the answer comes as caption and sound."""
    async with hall(tmp_path, livekit) as house:
        ann, claim = await house.call()
        await ann.reads("Hello.")
        await ann.write("apples, please")
        await ann.reads("You said: apples, please")
        assert not ann.of_user()
        house.stage.conversation = claim.conversation
        assert ("user", "apples, please", False) in await house.stage.words()


async def test_what_is_written_before_anybody_listens_is_not_lost(
    tmp_path: Path, livekit: LiveKit
) -> None:
    """A user without a track is seen three seconds late, and is answered all the same."""
    async with hall(tmp_path, livekit, greeting="") as house:
        claim = await house.claim("early")
        job = house.send_agent(claim)
        ann = await house.enter(claim, mic=False)
        await ann.agent()
        await ann.write("first")
        await ann.write("second")
        await ann.send({"page": "/"})
        await ann.reads("You said: second")
        assert not job.done()
        house.stage.conversation = claim.conversation
        said = [text for role, text, _ in await house.stage.words() if role == "user"]
        assert said == ["first", "second"]


async def test_a_spoken_question_is_answered(tmp_path: Path, livekit: LiveKit) -> None:
    """What was understood is shown as the user's own words, by its track; then comes the answer."""
    script = ["what", "what time", "What time is it?"]
    stt = ScriptedSTT([script], delay=2.0)
    async with hall(tmp_path, livekit, stt=stt, greeting="") as house:
        ann, _ = await house.call()
        await ann.until(lambda: "listening" in ann.states)
        speaking = asyncio.create_task(ann.say(speak("What time is it, please?"), quiet=4.0))
        await ann.reads("You said: What time is it?")
        await speaking
        mine = list(ann.room.local_participant.track_publications)
        captions = ann.of_user()
        assert len({one.segment for one in captions}) == 1
        assert [one.track for one in captions] == mine * len(captions)
        assert [one.final for one in captions] == [False] * (len(captions) - 1) + [True]
        assert captions[-1].text == "What time is it?"
        assert captions[0].text == "what"  # a state that is old when its turn comes is left out
        shown = list(dict.fromkeys(one.text for one in captions))
        assert shown == [text for text in script if text in shown]


async def test_words_wait_for_no_answer_of_livekit(
    tmp_path: Path, livekit: LiveKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client misses some, to what the agent is doing; what is said is shown meanwhile."""
    real, asked = rtc.LocalParticipant.set_attributes, list[asyncio.Task[None]]()

    async def unanswered(self: rtc.LocalParticipant, attributes: dict[str, str]) -> None:
        asked.append(asyncio.create_task(real(self, attributes)))
        await asyncio.Event().wait()

    monkeypatch.setattr("duologue.transports.livekit.visit.ANSWER", 600.0)
    monkeypatch.setattr(rtc.LocalParticipant, "set_attributes", unanswered)
    async with hall(tmp_path, livekit, greeting="") as house:
        ann, _ = await house.call()
        await ann.agent()
        await ann.write("Are you there?")
        await ann.reads("You said: Are you there?")
        assert len(asked) == 1, "the next one waits"


async def test_who_speaks_over_the_agent_silences_it(tmp_path: Path, livekit: LiveKit) -> None:
    """The track falls silent, the caption ends with what was heard, and so does the record."""
    stt = ScriptedSTT(["Stop that."])
    async with hall(tmp_path, livekit, stt=stt, greeting=LONG) as house:
        ann, claim = await house.call()
        await ann.until(lambda: any(len(one.text) > 12 for one in ann.of_agent()))
        assert ann.loudness > 500
        speaking = asyncio.create_task(ann.say(speak("Stop that now, will you please?"), quiet=4.0))
        await ann.until(lambda: ann.of_agent()[0].done)
        cut = ann.of_agent()[0]
        assert cut.final
        assert cut.attributes[INTERRUPTED] == "true"
        assert LONG.startswith(cut.text)
        assert 0 < len(cut.text) < len(LONG) - 20
        await ann.reads("You said: Stop that.")
        await speaking
        house.stage.conversation = claim.conversation
        role, text, interrupted = (await house.stage.words())[0]
        assert (role, interrupted) == ("assistant", True)
        assert LONG.startswith(text)
        assert abs(len(text) - len(cut.text)) < 15
