"""Which conversations go on, as the store knows it: sessions that are attached or waited for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, select

from duologue.store.records import build, holds
from duologue.store.tables import agents, conversations, messages, sessions


class GoingOn(msgspec.Struct, frozen=True):
    """A session of a conversation that goes on."""

    conversation_id: str
    session_id: str
    agent: str
    transport: str
    state: str
    visitor_id: str | None
    opened_at: int | None


holds(GoingOn, json=())


def going_on(conn: Connection, org_id: str, limit: int) -> list[GoingOn]:
    """The sessions that are live, or whose client is waited for, newest first."""
    query = (
        select(
            sessions.c.conversation_id,
            sessions.c.id,
            agents.c.name,
            sessions.c.transport,
            sessions.c.state,
            conversations.c.visitor_id,
            sessions.c.opened_at,
        )
        .join_from(sessions, agents, agents.c.id == sessions.c.agent_id)
        .join(conversations, conversations.c.id == sessions.c.conversation_id)
        .where(sessions.c.org_id == org_id, sessions.c.state.in_(("live", "detached")))
        .order_by(sessions.c.id.desc())
        .limit(limit)
    )
    return [build(GoingOn, row) for row in conn.execute(query).fetchall()]


def last_words(
    conn: Connection, org_id: str, conversation_ids: Sequence[str], longest: int
) -> dict[str, tuple[str, str]]:
    """The role and the beginning of the last message of each conversation where there is one."""
    said = (messages.c.org_id == org_id, messages.c.kind == "message", messages.c.text != "")
    last = (
        select(messages.c.conversation_id, func.max(messages.c.seq).label("seq"))
        .where(*said, messages.c.conversation_id.in_(conversation_ids))
        .group_by(messages.c.conversation_id)
        .subquery()
    )
    query = (
        select(
            messages.c.conversation_id, messages.c.role, func.substr(messages.c.text, 1, longest)
        )
        .join_from(
            messages,
            last,
            (messages.c.conversation_id == last.c.conversation_id) & (messages.c.seq == last.c.seq),
        )
        .where(messages.c.org_id == org_id)
    )
    return {row[0]: (row[1], row[2]) for row in conn.execute(query).fetchall()}
