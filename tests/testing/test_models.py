"""The scripted models: they say what they were told to, in order, and count what they used."""

from __future__ import annotations

from typing import Any

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool, stt
from livekit.agents.voice.run_result import RunResult

from duologue.agents.voices.scripted import Call
from duologue.testing.models import (
    CHARACTER,
    RulerTTS,
    ScriptedAnswers,
    ScriptedSTT,
    ToneTTS,
    place,
    ruler,
)

FRAME = rtc.AudioFrame(bytes(1600), 16000, 1, 800)


async def test_the_ear_hears_its_script_at_each_end_of_speech() -> None:
    """Interim texts come before the final one; a flush without sound says nothing."""
    ear = ScriptedSTT([("Good", "Good day"), "Bye"])
    kind = stt.SpeechEventType
    async with ear.stream() as stream:
        for _ in range(2):
            stream.push_frame(FRAME)
            stream.flush()
        stream.end_input()
        heard = [
            (event.type, event.alternatives[0].text if event.alternatives else "")
            async for event in stream
        ]
    assert heard == [
        (kind.INTERIM_TRANSCRIPT, "Good"),
        (kind.FINAL_TRANSCRIPT, "Good day"),
        (kind.RECOGNITION_USAGE, ""),
        (kind.FINAL_TRANSCRIPT, "Bye"),
        (kind.RECOGNITION_USAGE, ""),
    ]


async def test_the_mind_answers_its_script_and_then_what_it_heard() -> None:
    """Tools are really called, and every question is kept for the test to look at."""

    class Doubler(Agent):
        @function_tool
        async def double(self, number: int) -> int:
            """Twice a number."""
            return number * 2

    mind = ScriptedAnswers([["Wait. ", Call("double", {"number": 4})], "Eight."])
    session = AgentSession[None](llm=mind, turn_handling={"turn_detection": "manual"})
    await session.start(Doubler(instructions=""))
    result: RunResult[Any] = await session.run(user_input="Twice four?")
    kinds = [event.type for event in result.events]
    assert kinds == ["message", "function_call", "function_call_output", "message"]
    await session.run(user_input="Thanks.")
    await session.aclose()
    assert [talk.messages()[-1].text_content for talk in mind.talks[::2]] == [
        "Twice four?",
        "Thanks.",
    ]


async def test_the_voice_lasts_as_long_as_its_text() -> None:
    """The length of the sound is known beforehand, to the sample."""
    sound = await ToneTTS().synthesize("Twelve signs").collect()
    said = round(12 * CHARACTER * 24000)
    # livekit-agents ends each sound with 10 ms of silence.
    assert said <= sound.samples_per_channel <= said + 240
    assert not any(sound.data[said:])


async def test_a_ruler_tells_where_in_it_something_was_heard() -> None:
    """The sound of a text is the beginning of one long noise, 60 ms for each character of it."""
    async with RulerTTS().synthesize("Hello you.") as spoken:
        pcm = b"".join([bytes(event.frame.data) async for event in spoken])
    whole = ruler(16000)
    assert pcm.rstrip(b"\0") == ruler(9600)
    assert place(pcm, whole) == 0
    assert place(pcm[2002:8000], whole) == 1001
    assert place(pcm[2002:8000] + bytes(200), whole) == 1001


@pytest.mark.parametrize(
    "piece", [ruler(30), b"\1\2" * 100, ruler(9000)], ids=["short", "other", "long"]
)
def test_what_is_no_piece_of_a_ruler_has_no_place(piece: bytes) -> None:
    """Too short, another sound, or longer than it: none is guessed at."""
    with pytest.raises(ValueError, match="no piece of the ruler's 8000"):
        place(piece, ruler(8000))
