"""Transcripts: every conversation that is kept, word by word, whether it was traced or not."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.console.pages import lately, listing
from duologue.console.pages.asked import AskedText
from duologue.errors import DuologueError
from duologue.store import (
    agents,
    conversation_lists,
    conversations,
    feedback,
    messages,
    sessions,
)
from duologue.store.records import Conversation, Feedback, Message, Session
from duologue.store.trace_records import TraceFilter

ROWS: Final = 50
AT_ONCE: Final = 100
"""Entries of one piece: a page stays small however long people talk."""
SESSIONS: Final = 20
TEXT: Final = 1000
"""Characters of an entry that the page shows; all of it is in the JSON."""
_SECRET: Final = ("resume_hash", "resume_before_hash", "key_hash")


class Asked(AskedText, frozen=True, kw_only=True):
    """What the list shall hold, as its address has it."""

    agent: str = ""
    path: ClassVar = "/console/transcripts"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in the list."""

    conversation: Conversation
    agent: str
    words: str


class TranscriptsView(msgspec.Struct, frozen=True, kw_only=True):
    """The list."""

    rows: list[Row]
    asked: Asked
    agents: list[str]
    now: int
    newer: str | None
    older: str | None


class TranscriptView(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation, word by word."""

    conversation: Conversation
    agent: str
    entries: list[Message]
    after: int
    later: str | None
    sessions: list[Session]
    thoughts: list[Feedback]
    runs: list[listing.Row]
    facts: list[tuple[str, str]]
    now: int
    statuses: ClassVar = listing.STATUSES
    text: ClassVar = TEXT


def load(conn: Connection, org_id: str, asked: Asked, *, now: int) -> TranscriptsView:
    """A piece of the list, the newest first."""
    names = {each.id: each.slug for each in agents.all(conn, org_id)}
    agent_id = None
    if asked.agent:
        agent_id = next((id_ for id_, slug in names.items() if asked.agent in (id_, slug)), None)
        if agent_id is None:
            known = ", ".join(sorted(names.values())) or "none"
            raise DuologueError("agent_not_found", agent=asked.agent, known=known)
    page = conversations.page(
        conn, org_id, agent_id=agent_id, before=asked.before or None, limit=ROWS
    )
    said = conversation_lists.first_words(conn, org_id, [each.id for each in page.items])
    return TranscriptsView(
        rows=[
            Row(conversation=each, agent=names[each.agent_id], words=said.get(each.id, ""))
            for each in page.items
        ],
        asked=asked,
        agents=sorted(names.values()),
        now=now,
        newer=asked.address("") if asked.before else None,
        older=None if page.next is None else asked.address(page.next),
    )


def load_one(
    conn: Connection, org_id: str, conversation: str, *, after: int, now: int
) -> TranscriptView:
    """The piece of a conversation behind that entry."""
    found = _found(conn, org_id, conversation)
    said = messages.of(conn, org_id, conversation, after_seq=after, limit=AT_ONCE + 1)
    agent = agents.get(conn, org_id, found.agent_id)
    shown = said[:AT_ONCE]
    more = len(said) > AT_ONCE
    base = f"/console/transcripts/{conversation}"
    theirs = TraceFilter(conversation_id=conversation)
    return TranscriptView(
        conversation=found,
        agent=agent.slug if agent else found.agent_id,
        entries=shown,
        after=after,
        later=f"{base}?after={shown[-1].seq}" if more else None,
        sessions=sessions.page(conn, org_id, conversation_id=conversation, limit=SESSIONS).items,
        thoughts=feedback.of(conn, org_id, conversation),
        runs=lately.rows(conn, org_id, theirs, limit=SESSIONS, now=now),
        facts=_facts(found),
        now=now,
    )


def whole(conn: Connection, org_id: str, conversation: str) -> dict[str, Any]:
    """All of a conversation but the hashes of secrets, as `duologue conversations export`."""
    found = _found(conn, org_id, conversation)
    attached = sessions.page(conn, org_id, conversation_id=conversation, limit=1000).items
    return {
        **_open(found),
        "sessions": [_open(each) for each in reversed(attached)],
        "messages": messages.of(conn, org_id, conversation),
        "feedback": feedback.of(conn, org_id, conversation),
    }


def _found(conn: Connection, org_id: str, conversation: str) -> Conversation:
    found = conversations.get(conn, org_id, conversation)
    if found is None:
        raise DuologueError("conversation_not_found", conversation=conversation)
    return found


def _open(record: Conversation | Session) -> dict[str, Any]:
    return {k: v for k, v in msgspec.structs.asdict(record).items() if k not in _SECRET}


def _facts(found: Conversation) -> list[tuple[str, str]]:
    told = {
        "Metadata": _json(found.metadata),
        "Shared state": _json(found.state),
        "Visitor": found.visitor_id or "",
        "Conversation": found.id,
    }
    return [(name, value) for name, value in told.items() if value]


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode() if value else ""
