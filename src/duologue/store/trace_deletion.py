"""Traces end and go: those that fell silent are lost, those of long ago are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, literal_column, or_, select, update

from duologue.store.statements import Statement
from duologue.store.tables import conversations, organizations
from duologue.store.trace_tables import links, logs, recordings, spans, traces, turns

AT_ONCE: Final = 100
"""Traces that one unit of pruning deletes, so that it holds up nobody for long."""

_of = traces.c
_lose = Statement(
    update(traces)
    # The word is written out, or the index of active traces would not be used.
    .where(_of.status == literal_column("'active'"), _of.last_seen_at < bindparam("before"))
    .values(status="lost", ended_at=_of.last_seen_at)
)


def mark_lost(conn: Connection, before_ms: int) -> int:
    """Marks active traces of which nothing was told since then; returns how many."""
    return _lose(conn, before=before_ms).rowcount


def delete_one(conn: Connection, org_id: str, id: str) -> bool:  # noqa: A002
    """Deletes a trace with all that hangs on it; false when there is none."""
    return _delete(conn, _of.org_id == org_id, _of.id == id) == 1


def delete_linked(
    conn: Connection,
    org_id: str,
    *,
    conversation_id: str | None = None,
    session_id: str | None = None,
) -> int:
    """Deletes all traces of a conversation or a session; returns how many."""
    linked = {"conversation_id": conversation_id, "session_id": session_id}
    these = [_of[name] == value for name, value in linked.items() if value is not None]
    return _delete(conn, _of.org_id == org_id, or_(*these)) if these else 0


def delete_of_visitor(conn: Connection, org_id: str, visitor_id: str) -> int:
    """Deletes all traces of a visitor, and of conversations held in that browser."""
    held = select(conversations.c.id).where(
        conversations.c.org_id == org_id, conversations.c.visitor_id == visitor_id
    )
    theirs = or_(_of.visitor_id == visitor_id, _of.conversation_id.in_(held))
    return _delete(conn, _of.org_id == org_id, theirs)


def prune_older(conn: Connection, before_ms: int) -> int:
    """Deletes traces that began before then, some at once; returns how many.

    Organization by organization: a list is walked along its index, of which it is the end.
    """
    gone = 0
    for (org_id,) in conn.execute(select(organizations.c.id)).fetchall():
        old = (_of.org_id == org_id, _of.started_at < before_ms)
        gone += _delete_seqs(conn, [row[0] for row in _oldest(conn, *old)])
    return gone


def prune_larger(conn: Connection, most_bytes: int) -> int:
    """Deletes the oldest traces of each agent that takes more, some at once."""
    large = conn.execute(
        select(_of.org_id, _of.agent, func.sum(_of.bytes))
        .group_by(_of.org_id, _of.agent)
        .having(func.sum(_of.bytes) > most_bytes)
    ).fetchall()
    gone = 0
    for org_id, agent, total in large:
        gone += _delete_oldest(conn, org_id, agent, int(total) - most_bytes)
    return gone


# ---------------------------------------------------------------- within


def _delete_oldest(conn: Connection, org_id: str, agent: str, excess: int) -> int:
    chosen = []
    for seq, size in _oldest(conn, _of.org_id == org_id, _of.agent == agent):
        if excess <= 0:
            break
        chosen.append(seq)
        excess -= size
    return _delete_seqs(conn, chosen)


def _oldest(conn: Connection, *which: Any) -> Sequence[Any]:
    """The first that are over; what another process prunes just now is left to it."""
    query = select(_of.seq, _of.bytes).where(*which, _of.status != "active")
    ordered = query.order_by(_of.started_at, _of.id).limit(AT_ONCE)
    return conn.execute(ordered.with_for_update(skip_locked=True)).fetchall()


def _delete(conn: Connection, *which: Any) -> int:
    """Locked in one order, so that two that delete never deadlock."""
    query = select(_of.seq).where(*which).order_by(_of.id).with_for_update()
    return _delete_seqs(conn, [row[0] for row in conn.execute(query).fetchall()])


def _delete_seqs(conn: Connection, seqs: Sequence[int]) -> int:
    for start in range(0, len(seqs), AT_ONCE):
        some = seqs[start : start + AT_ONCE]
        for table in (links, logs, turns, spans):
            conn.execute(delete(table).where(table.c.trace_seq.in_(some)))
        # Of recordings the row stays, apart from everything, until its file is gone.
        conn.execute(
            update(recordings)
            .where(recordings.c.trace_seq.in_(some))
            .values(trace_seq=None, state="discarded")
        )
        conn.execute(delete(traces).where(_of.seq.in_(some)))
    return len(seqs)
