"""The owners' API: what a server reads and does with its secret key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec


class AgentView(msgspec.Struct, kw_only=True):
    """An agent, as its owner sees it."""

    id: str
    slug: str
    name: str
    source: str
    published: bool
    loaded: bool
    """Whether this server has the code that answers."""
    definition: dict[str, Any]
    created_at: int
    updated_at: int


class ConversationView(msgspec.Struct, kw_only=True):
    """A conversation without its messages."""

    id: str
    agent_id: str
    metadata: dict[str, Any]
    messages: int
    live: bool
    created_at: int
    updated_at: int
    ended_at: int | None
    end_reason: str | None
    visitor_id: str | None
    """Whose browser it is held in, where a tracker told."""


class MessageView(msgspec.Struct, kw_only=True):
    """One entry of a transcript."""

    id: str
    seq: int
    turn_id: str
    role: str
    kind: str
    text: str
    final: bool
    interrupted: bool
    item: Any
    session_id: str | None
    run_id: str
    created_at: int


class SessionView(msgspec.Struct, kw_only=True):
    """One attachment of one client."""

    id: str
    conversation_id: str
    agent_id: str
    run_id: str | None
    transport: str
    state: str
    origin: str | None
    consent: dict[str, Any] | None
    """What its visitor agreed to: a hash, and when."""
    page: dict[str, str] | None
    """Where its visitor was when it was asked for."""
    sdk_version: str
    metadata: dict[str, Any]
    created_at: int
    opened_at: int | None
    ended_at: int | None
    end_reason: str | None
    attached_ms: int
    cost_micros: int


class AgentList(msgspec.Struct, kw_only=True):
    """All agents of an organization."""

    items: list[AgentView]


class ConversationList(msgspec.Struct, kw_only=True):
    """A piece of the list, newest first; `next` is the cursor of the following piece."""

    items: list[ConversationView]
    next: str | None


class SessionList(msgspec.Struct, kw_only=True):
    """A piece of the list, newest first; `next` is the cursor of the following piece."""

    items: list[SessionView]
    next: str | None


class MessageList(msgspec.Struct, kw_only=True):
    """A transcript, oldest first; `after` of the next request is the last `seq`."""

    items: list[MessageView]


class FeedbackView(msgspec.Struct, kw_only=True):
    """What a visitor thought of a session; the last word."""

    id: str
    session_id: str
    rating: Literal["up", "down"]
    text: str
    created_at: int
    updated_at: int


class FeedbackList(msgspec.Struct, kw_only=True):
    """What was thought of a conversation: one a session, oldest first."""

    items: list[FeedbackView]


class SayRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What the agent shall say now."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=5000)]


class EndRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why the conversation ends."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = "owner_ended"


class TakeOverRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Who answers in the agent's place, and how long they are waited for."""

    name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """What the transcript calls them; visitors do not see it."""
    seconds: Annotated[float, msgspec.Meta(ge=5, le=600)] = 60.0
    """After so long without a word of theirs the agent takes back; to ask again is such a word."""


class Done(msgspec.Struct):
    """It was done."""

    ok: bool = True
