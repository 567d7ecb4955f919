"""From stored messages back to what the model remembers, and to what a client shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from livekit.agents import ChatContext
from livekit.agents.llm import ChatItem
from pydantic import TypeAdapter, ValidationError

from duologue.agents.standin import StandIn
from duologue.store import messages
from duologue.store.database import Database
from duologue.store.records import Message, Run
from duologue.store.recovery import LOST
from duologue.wire.extensions import History, PastMessage

log = structlog.get_logger(__name__)

SHOWN: Final = 200
"""The last messages that a client is told when it comes back."""
WAITING_MS: Final = 120_000
"""How long somebody waits for an answer, and comes back for it."""
_item: TypeAdapter[ChatItem] = TypeAdapter(ChatItem)


def remembered(stored: Sequence[Message]) -> ChatContext:
    """The chat context of a conversation: words as they were heard, tools as they were used."""
    context = ChatContext.empty()
    for message in stored:
        if _is_speech(message):
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


def stood_in(stored: Sequence[Message]) -> StandIn | None:
    """The person who spoke in the agent's place, if anybody did; of several the last one's name."""
    theirs = [each for each in stored if by_person(each)]
    return StandIn(theirs[-1].item["name"], [each.text for each in theirs]) if theirs else None


def spoken(stored: Sequence[Message], session_id: str) -> list[Message]:
    """The words of both sides in one session."""
    return [each for each in stored if each.session_id == session_id and _is_speech(each)]


def unanswered(stored: Sequence[Message], before: Run | None, now: int) -> bool:
    """Whether a run was lost, or sent its callers away, between a question and its answer.

    One that may be what kills its process is not put to a third; one that nobody can be waiting
    for any more, to none. Where a tool was used already, it is not used again; and whom a person
    answered, the agent lets wait for that person.
    """
    if before is None or not stored:
        return False
    question = stored[-1]
    return (
        question.role == "user"
        and _is_speech(question)
        and before.end_reason in ("going_away", LOST)
        and (question.run_id == before.id or before.end_reason != LOST)
        and now - question.created_at <= WAITING_MS
        and not (len(stored) > 1 and by_person(stored[-2]))
    )


def by_person(message: Message) -> bool:
    """Whether a message of the agent's side was said by a person."""
    item = message.item
    return message.kind == "message" and isinstance(item, dict) and item.get("by") == "person"


async def past(db: Database, org_id: str, conversation_id: str) -> History:
    """What a client that comes back is shown of the conversation: the words of both sides."""
    stored = await db.read(messages.of, org_id, conversation_id)
    said = [
        PastMessage(
            role="user" if message.role == "user" else "assistant",
            content=message.text,
            turn_id=message.turn_id,
            at=message.created_at,
            interrupted=message.interrupted,
        )
        for message in stored
        if _is_speech(message)
    ]
    return History(said[-SHOWN:])


def _is_speech(message: Message) -> bool:
    """Whether it is words that one side said to the other, and they are kept."""
    said = message.kind == "message" and message.role in ("user", "assistant")
    return said and bool(message.text)
