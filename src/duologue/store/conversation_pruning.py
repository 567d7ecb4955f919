"""Conversations go of themselves, where somebody said how long they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, exists, select

from duologue.core.ids import first_at
from duologue.store import conversations
from duologue.store.tables import agents, runs, sessions
from duologue.store.tables import conversations as table
from duologue.store.trace_keeping import Owned

AT_ONCE: Final = 25
"""Conversations that one unit deletes, so that it holds up nobody for long."""

_of = table.c
_attached = exists().where(
    sessions.c.conversation_id == _of.id, sessions.c.state.in_(("live", "detached"))
)
_going_on = exists().where(runs.c.conversation_id == _of.id, runs.c.ended_at.is_(None))


def prune(conn: Connection, before_ms: int | None, *, apart: Mapping[Owned, int | None]) -> int:
    """Deletes conversations that nobody used since then, some at once; returns how many.

    None keeps them. Those of agents that are named `apart` go by a moment of their own. With each
    go its words, sessions, traces and recordings; none goes in which somebody is.
    """
    gone = 0
    for org_id, agent_id, slug in conn.execute(
        select(agents.c.org_id, agents.c.id, agents.c.slug).order_by(agents.c.id)
    ).fetchall():
        before = apart.get((org_id, slug), before_ms)
        if before is not None and gone < AT_ONCE:
            gone += _prune(conn, org_id, agent_id, before, AT_ONCE - gone)
    return gone


def _prune(conn: Connection, org_id: str, agent_id: str, before_ms: int, most: int) -> int:
    """Walks an agent's conversations from the oldest; what others touch just now is left."""
    made = (_of.agent_id == agent_id, _of.org_id == org_id, _of.id < first_at("conv_", before_ms))
    query = select(_of.id).where(*made, _of.updated_at < before_ms, ~_attached, ~_going_on)
    query = query.order_by(_of.id).limit(most)
    found = conn.execute(query.with_for_update(skip_locked=True)).fetchall()
    return sum(conversations.delete(conn, org_id, row[0]) for row in found)
