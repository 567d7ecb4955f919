"""The scripted models: they say what they were told to, in order, and count what they used."""

from __future__ import annotations

from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool, stt
from livekit.agents.voice.run_result import RunResult

from duologue.agents.voices.scripted import Call
from duologue.testing.models import CHARACTER, ScriptedAnswers, ScriptedSTT, ToneTTS

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
