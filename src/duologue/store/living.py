"""Which conversations go on, by the runs that are open: asked before it is known whose they are."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from duologue.store.records import Run, build
from duologue.store.tables import runs

_columns = runs.c


def run_of(conn: Connection, conversation_id: str) -> Run | None:
    """The open run of a conversation, whichever organization owns it."""
    query = select(runs).where(
        _columns.conversation_id == conversation_id, _columns.ended_at.is_(None)
    )
    row = conn.execute(query.order_by(_columns.id.desc()).limit(1)).fetchone()
    return None if row is None else build(Run, row)


def among(conn: Connection, conversation_ids: Collection[str]) -> set[str]:
    """Those of these conversations that have an open run."""
    query = select(_columns.conversation_id).where(
        _columns.conversation_id.in_(conversation_ids), _columns.ended_at.is_(None)
    )
    return set(conn.execute(query).scalars())
