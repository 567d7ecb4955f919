"""From stored messages back to what the model remembers."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from livekit.agents import ChatContext
from livekit.agents.llm import ChatItem
from pydantic import TypeAdapter, ValidationError

from duologue.store.records import Message

log = structlog.get_logger(__name__)
_item: TypeAdapter[ChatItem] = TypeAdapter(ChatItem)


def remembered(stored: Sequence[Message]) -> ChatContext:
    """The chat context of a conversation: words as they were heard, tools as they were used."""
    context = ChatContext.empty()
    for message in stored:
        if message.kind == "message" and message.role in ("user", "assistant") and message.text:
            context.add_message(
                role="user" if message.role == "user" else "assistant",
                content=message.text,
                interrupted=message.interrupted,
                created_at=message.created_at / 1000,
            )
        elif message.kind in ("tool_call", "tool_output") and message.item:
            try:
                context.items.append(_item.validate_python(message.item))
            except ValidationError:
                # Written by another version of the library: the words are still remembered.
                log.warning("tool not remembered", message=message.id)
    return context
