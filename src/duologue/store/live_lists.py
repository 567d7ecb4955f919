"""Which conversations go on, as the store knows it: here by sessions, elsewhere by what is told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, select

from duologue.store.records import build, holds
from duologue.store.tables import agents, conversations, messages, sessions
from duologue.store.trace_tables import ACTIVE, traces


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


class Elsewhere(msgspec.Struct, frozen=True):
    """A run that another program tells of, and that goes on."""

    id: str
    agent: str
    source: str
    started_at: int
    turns: int


holds(Elsewhere, json=())


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


def elsewhere(conn: Connection, org_id: str, limit: int) -> list[Elsewhere]:
    """The runs of other programs that are told of as going on, newest first."""
    query = (
        select(*(traces.c[name] for name in Elsewhere.__struct_fields__))
        # So few go on that they are all read: a list by organization would be walked to its end.
        .where(traces.c.org_id.concat("") == org_id, ACTIVE, traces.c.source != "duologue")
        .order_by(traces.c.started_at.desc(), traces.c.id.desc())
        .limit(limit)
    )
    return [build(Elsewhere, row) for row in conn.execute(query).fetchall()]


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
