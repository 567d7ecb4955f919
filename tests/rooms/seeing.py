"""A realtime model that only looks: it keeps the pictures that it is given."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit import rtc
from livekit.agents import ChatContext, llm


class SeeingModel(llm.RealtimeModel):
    """Takes sound and pictures, and never says a word."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=llm.RealtimeCapabilities(
                message_truncation=False,
                turn_detection=True,
                user_transcription=False,
                auto_tool_reply_generation=False,
                audio_output=True,
                manual_function_calls=False,
            )
        )
        self.seen: list[rtc.VideoFrame] = []

    def session(self, **given: Any) -> llm.RealtimeSession[Any]:
        """One that hands its pictures to the model."""
        return _Looking(self)

    async def aclose(self) -> None:
        """Holds nothing."""


class _Looking(llm.RealtimeSession[Any]):
    def __init__(self, model: SeeingModel) -> None:
        super().__init__(model)
        self._model = model
        self._talk = ChatContext.empty()

    @property
    def chat_ctx(self) -> ChatContext:
        return self._talk

    @property
    def tools(self) -> llm.ToolContext:
        return llm.ToolContext.empty()

    def push_video(self, frame: rtc.VideoFrame) -> None:
        self._model.seen.append(frame)

    def push_audio(self, frame: rtc.AudioFrame) -> None: ...
    async def update_instructions(self, instructions: str) -> None: ...
    async def update_tools(self, tools: list[llm.Tool]) -> None: ...
    def update_options(self, **given: Any) -> None: ...
    def commit_audio(self) -> None: ...
    def clear_audio(self) -> None: ...
    def interrupt(self) -> None: ...
    def truncate(self, **given: Any) -> None: ...
    async def aclose(self) -> None: ...

    async def update_chat_ctx(self, chat_ctx: ChatContext) -> None:
        self._talk = chat_ctx.copy()

    def generate_reply(self, **given: Any) -> asyncio.Future[llm.GenerationCreatedEvent]:
        return asyncio.get_running_loop().create_future()
