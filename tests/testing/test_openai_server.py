"""The local server against the real livekit plugin, in a real AgentSession without a room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, APIError, function_tool, llm
from livekit.agents.metrics import LLMModelUsage
from livekit.agents.voice.run_result import RunResult

from duologue.agents.definition import AgentDefinition, LoadedAgent
from duologue.agents.models import Models, Shared, resolve
from duologue.testing.openai_server import Fault, OpenAIServer, ToolCall, tone

ONCE = APIConnectOptions(max_retry=0, timeout=5)


@asynccontextmanager
async def models_of(server: OpenAIServer) -> AsyncIterator[Models]:
    """What an agent gets that names nothing, with only the server's address set."""
    definition = AgentDefinition(slug="a")
    loaded = LoadedAgent(definition, lambda: Agent(instructions=""), "a.py")
    shared = Shared()
    models = resolve(loaded, {"OPENAI_BASE_URL": server.base_url}, shared=shared)
    try:
        yield models
    finally:
        await models.aclose()
        await shared.aclose()


class Clock(Agent):
    """Has a tool."""

    def __init__(self) -> None:
        super().__init__(instructions="Tell the time.")

    @function_tool
    async def time(self, place: str) -> str:
        """The time in a place.

        Args:
            place: Where.
        """
        return f"seven in {place}"


async def test_a_session_thinks_and_uses_tools_through_it() -> None:
    """Text in, tool call, tool result back to the model, text out, with usage counted."""
    server = OpenAIServer(answers=[ToolCall("time", {"place": "Rome"}), "It is seven in Rome."])
    async with server, models_of(server) as models:
        assert models.llm is not None
        session = AgentSession[None](llm=models.llm, turn_handling={"turn_detection": "manual"})
        await session.start(Clock())
        result: RunResult[Any] = await session.run(user_input="What time is it in Rome?")
        kinds = [event.type for event in result.events]
        assert kinds == ["function_call", "function_call_output", "message"]
        (usage,) = session.usage.model_usage
        assert isinstance(usage, LLMModelUsage)
        assert usage.output_tokens == 1 + len(["It", "is", "seven", "in", "Rome."])
        await session.aclose()
    asked = [body for part, body in server.requests if part == "completions"]
    assert [tool["function"]["name"] for tool in asked[0]["tools"]] == ["time"]
    assert asked[1]["messages"][-1]["content"] == "seven in Rome"


async def test_it_hears_and_speaks() -> None:
    """A recognized text is the scripted one; a spoken text lasts 60 ms a character."""
    async with OpenAIServer(heard=["Good evening."]) as server, models_of(server) as models:
        assert models.stt is not None
        assert models.tts is not None
        frame = rtc.AudioFrame(bytes(32000), 16000, 1, 16000)
        event = await models.stt.recognize(frame, conn_options=ONCE)
        assert event.alternatives[0].text == "Good evening."
        sound = await models.tts.synthesize("Hello there.", conn_options=ONCE).collect()
        assert bytes(sound.data).startswith(tone("Hello there."))
    assert [part for part, _ in server.requests] == ["transcriptions", "speech"]


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=401), Fault(cut=True)])
async def test_faults_reach_the_caller_as_the_plugins_errors(fault: Fault) -> None:
    """A refused request and a stream that breaks off are told apart from an answer; once."""
    async with OpenAIServer() as server, models_of(server) as models:
        assert models.llm is not None
        talk = llm.ChatContext.empty()
        talk.add_message(role="user", content="one two three four")
        server.faults["completions"] = fault
        with pytest.raises(APIError):
            await models.llm.chat(chat_ctx=talk, conn_options=ONCE).collect()
        answer = await models.llm.chat(chat_ctx=talk, conn_options=ONCE).collect()
        assert answer.text == "You said: one two three four"


async def test_a_hanging_server_can_be_closed() -> None:
    """Nothing waits for a request that is never answered."""
    async with OpenAIServer() as server, models_of(server) as models:
        assert models.tts is not None
        server.faults["speech"] = Fault(hang=True)
        short = APIConnectOptions(max_retry=0, timeout=1)
        stream = models.tts.synthesize("Hello.", conn_options=short)
        await asyncio.wait_for(server.asked.wait(), 5)
        await stream.aclose()
    assert server.requests[0][0] == "speech"
