"""A language model without a language model: a function from the talk so far to words and tools."""

from __future__ import annotations

import asyncio
import json
import re
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, llm, utils


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the answer calls."""

    name: str
    arguments: dict[str, Any]


class ScriptedLLM(llm.LLM[Any]):
    """Answers by rule, word by word, through the same stream as any model."""

    thinks = 0.0
    """Seconds before the first word."""

    @property
    def model(self) -> str:
        """The name that usage and spans carry."""
        return "scripted"

    @property
    def provider(self) -> str:
        """Who thinks: nobody outside this process."""
        return "offline"

    @abstractmethod
    def answer(self, talk: llm.ChatContext, tools: frozenset[str]) -> Iterator[str | Call]:
        """The pieces of the answer: text to say and tools to call."""

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: Any = NOT_GIVEN,
        tool_choice: Any = NOT_GIVEN,
        extra_kwargs: Any = NOT_GIVEN,
    ) -> llm.LLMStream:
        """The stream of the answer to the talk so far."""
        return _Answer(self, chat_ctx, list(tools or ()), conn_options)


class _Answer(llm.LLMStream):
    def __init__(
        self,
        brain: ScriptedLLM,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        conn_options: APIConnectOptions,
    ) -> None:
        super().__init__(brain, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)
        self._brain = brain

    async def _run(self) -> None:
        request = utils.shortuuid()
        named = llm.ToolContext(self._tools).function_tools
        said = 0
        await asyncio.sleep(self._brain.thinks)
        for piece in self._brain.answer(self._chat_ctx, frozenset(named)):
            if isinstance(piece, Call):
                self._send(request, tool=piece)
                continue
            for word in re.findall(r"\s*\S+\s*$|\s*\S+", piece):
                said += 1
                self._send(request, word=word)
                await asyncio.sleep(0)  # one word at a time, as a model would
        heard = sum(len(text(item).split()) for item in self._chat_ctx.items)
        usage = llm.CompletionUsage(
            completion_tokens=said, prompt_tokens=heard, total_tokens=said + heard
        )
        self._event_ch.send_nowait(llm.ChatChunk(id=request, usage=usage))

    def _send(self, request: str, *, word: str | None = None, tool: Call | None = None) -> None:
        calls = (
            [
                llm.FunctionToolCall(
                    name=tool.name,
                    arguments=json.dumps(tool.arguments),
                    call_id=utils.shortuuid("call_"),
                )
            ]
            if tool
            else []
        )
        delta = llm.ChoiceDelta(role="assistant", content=word, tool_calls=calls)
        self._event_ch.send_nowait(llm.ChatChunk(id=request, delta=delta))


def text(item: llm.ChatItem) -> str:
    """What a message says; nothing for the other items of a talk."""
    return (item.text_content or "") if isinstance(item, llm.ChatMessage) else ""
