"""A person in the place of a realtime model, whose memory is its provider's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import ChatContext, llm
from tests.pipeline.stage import Stage, stage, until
from tests.pipeline.test_takeover import ADA, order, taken

from duologue.core import happenings as h
from duologue.wire import live as wire


class Model(llm.RealtimeModel):
    """Takes everything, remembers what it is told, and never says a word."""

    def __init__(self, *, context: bool, instructions: bool) -> None:
        super().__init__(
            capabilities=llm.RealtimeCapabilities(
                message_truncation=False,
                turn_detection=True,
                user_transcription=False,
                auto_tool_reply_generation=False,
                audio_output=True,
                manual_function_calls=False,
                mutable_chat_context=context,
                mutable_instructions=instructions,
            )
        )
        self.contexts: list[ChatContext] = []
        self.instructions: list[str] = []

    def session(self, **given: Any) -> llm.RealtimeSession[Any]:
        """One that tells the model what it is told."""
        return _Line(self)

    async def aclose(self) -> None:
        """Holds nothing."""


class _Line(llm.RealtimeSession[Any]):
    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._told = model
        self._talk = ChatContext.empty()

    @property
    def chat_ctx(self) -> ChatContext:
        return self._talk

    @property
    def tools(self) -> llm.ToolContext:
        return llm.ToolContext.empty()

    async def update_instructions(self, instructions: str) -> None:
        self._told.instructions.append(instructions)

    async def update_chat_ctx(self, chat_ctx: ChatContext) -> None:
        self._talk = chat_ctx.copy()
        self._told.contexts.append(self._talk)

    def generate_reply(self, **given: Any) -> asyncio.Future[llm.GenerationCreatedEvent]:
        return asyncio.get_running_loop().create_future()

    def push_video(self, frame: rtc.VideoFrame) -> None: ...
    def push_audio(self, frame: rtc.AudioFrame) -> None: ...
    async def update_tools(self, tools: list[llm.Tool]) -> None: ...
    def update_options(self, **given: Any) -> None: ...
    def commit_audio(self) -> None: ...
    def clear_audio(self) -> None: ...
    def interrupt(self) -> None: ...
    def truncate(self, **given: Any) -> None: ...
    async def aclose(self) -> None: ...


def texts(context: ChatContext) -> list[str]:
    """What the messages of a context say."""
    return [one.text_content or "" for one in context.messages()]


async def handed_back(desk: Stage, model: Model) -> None:
    """Somebody writes, Ada answers, and the model is back."""
    loaded = desk.host.catalog.get("desk")
    assert loaded is not None
    assert loaded.models is not None
    loaded.models["realtime"] = lambda: model
    client = await desk.join()
    await taken(desk)
    client.run.floor.type("Where is my parcel?")
    await client.until(h.UserSaid)
    await order(desk, wire.Speak(ADA, "It comes on Friday."))
    await order(desk, wire.HandBack(ADA))
    await client.until(h.Noticed, lambda one: one.code == "handed_back")
    telling = client.run._actor._telling
    assert telling
    await until(lambda: all(one.done() for one in telling))


@pytest.mark.parametrize("instructions", [True, False], ids=("instructions", "memory"))
async def test_it_is_told_at_the_hand_back(tmp_path: Path, *, instructions: bool) -> None:
    """What was written is in its memory then; the note stands where it can be put."""
    model = Model(context=True, instructions=instructions)
    async with stage(tmp_path, greeting="") as desk:
        await handed_back(desk, model)
        memory = texts(model.contexts[-1])
        assert "Where is my parcel?" in memory
        told = model.instructions[-1] if instructions else memory[0]
        assert "a person (Ada) answered" in told
        assert "- It comes on Friday." in told
        if instructions:
            assert told.startswith("Be brief.")
            assert not any("answered" in each for each in memory)


async def test_one_that_takes_nothing_while_it_talks_goes_on_without(tmp_path: Path) -> None:
    """Nobody can tell it; the conversation goes on."""
    model = Model(context=False, instructions=False)
    async with stage(tmp_path, greeting="") as desk:
        await handed_back(desk, model)
        assert not any("Ada" in each for context in model.contexts for each in texts(context))
        assert not any("Ada" in each for each in model.instructions)
        run = desk.host.run_of(desk.conversation)
        assert run is not None
        assert run.ended is None
