"""Agents as the console lists them: who is talking, and when each was called last."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from duologue.store.tables import sessions

_of = sessions.c


def live(conn: Connection, org_id: str) -> dict[str, int]:
    """How many sessions of each agent are open now, or waited for."""
    query = (
        select(_of.agent_id, func.count())
        .where(_of.org_id == org_id, _of.state.in_(("live", "detached")))
        .group_by(_of.agent_id)
    )
    return {row[0]: row[1] for row in conn.execute(query).fetchall()}
