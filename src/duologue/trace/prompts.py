"""What a model is told, kept once: with each request only what is new to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from livekit.agents import Agent, ChatContext
from livekit.agents.llm import ChatItem, ChatMessage, FunctionCall, FunctionCallOutput
from opentelemetry import trace as api

from duologue.trace import names
from duologue.trace.light import LightSpan


class Prompts:
    """Reads along what the agents of one run ask their models."""

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._agent: Agent | None = None
        self._known: set[str] = set()

    def read(self, agent: Agent) -> None:
        """Reads along with this agent from now on."""
        if agent is self._agent:
            return
        self._agent = agent
        node = agent.llm_node

        def llm_node(chat_ctx: ChatContext, tools: Any, model_settings: Any) -> Any:
            self._note(chat_ctx)
            return node(chat_ctx, tools, model_settings)

        agent.llm_node = llm_node  # type: ignore[method-assign]  # one instance, of this run alone

    def _note(self, asked: ChatContext) -> None:
        """Writes what was not told before into the span of the node."""
        span = api.get_current_span()
        # Into the span of another provider livekit-agents itself writes everything.
        if not isinstance(span, LightSpan) or not self._wanted():
            return
        known = self._known
        said = [told for item in asked.items if item.id not in known and (told := _message(item))]
        self._known = {item.id for item in asked.items}
        span.set_attribute(names.PROMPT.names[0], msgspec.json.encode(said).decode())
        span.set_attribute(names.PARTIAL.names[0], True)


def _message(item: ChatItem) -> dict[str, Any] | None:
    """A message as the GenAI conventions write it; pictures and sound are named, not kept."""
    match item:
        case ChatMessage():
            parts = [
                {"type": "text", "content": each} if isinstance(each, str) else {"type": each.type}
                for each in item.content
            ]
            return {"role": item.role, "parts": parts}
        case FunctionCall():
            call = {"id": item.call_id, "name": item.name, "arguments": item.arguments}
            return {"role": "assistant", "parts": [{"type": "tool_call", **call}]}
        case FunctionCallOutput():
            answer = {"id": item.call_id, "name": item.name, "response": item.output}
            return {"role": "tool", "parts": [{"type": "tool_call_response", **answer}]}
        case _:
            return None
