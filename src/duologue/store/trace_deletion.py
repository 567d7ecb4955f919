"""Traces end and go: those that fell silent are lost, those of long ago are deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from duologue.store.statements import Statement
from duologue.store.tables import conversations, organizations, sessions
from duologue.store.trace_keeping import Owned
from duologue.store.trace_tables import links, logs, recordings, spans, traces, turns

AT_ONCE: Final = 100
"""Traces that one unit of pruning deletes, so that it holds up nobody for long."""
NOBODY: Final[Mapping[Owned, int]] = MappingProxyType({})
"""When no agent has a rule of its own."""

_of = traces.c
LOST_MS: Final = 44_000
"""After how long a run of which nothing is told is lost: as is seen within a minute, then."""
QUIET: Final = ("insights", "otlp")
"""Sources that tell what happens, and nothing while nothing does; all others say of every run,
several times a minute, that it lives."""
QUIET_MS: Final = 15 * 60_000
"""How much longer than others they may be silent: while a caller thinks, nothing happens."""
_lose = Statement(
    update(traces)
    .where(
        # The word is written out, or the index of active traces would not be used.
        _of.status == literal_column("'active'"),
        _of.last_seen_at < bindparam("before"),
        or_(and_(*(_of.source != each for each in QUIET)), _of.last_seen_at < bindparam("quiet")),
    )
    .values(status="lost", ended_at=_of.last_seen_at)
)


def mark_lost(conn: Connection, before_ms: int) -> int:
    """Marks active traces of which nothing was told since then; returns how many.

    Runs whose source never says that they live are waited for a quarter of an hour longer.
    """
    return _lose(conn, before=before_ms, quiet=before_ms - QUIET_MS).rowcount


def of_session(id: str) -> Any:  # noqa: A002
    """Whether a session was part of a trace: it bears the id of the last, and others may follow."""
    run = select(sessions.c.run_id).where(sessions.c.id == id).scalar_subquery()
    return or_(_of.session_id == id, _of.id == run)


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
    these: list[Any] = []
    if conversation_id is not None:
        these.append(_of.conversation_id == conversation_id)
    if session_id is not None:
        these.append(of_session(session_id))
    return _delete(conn, _of.org_id == org_id, or_(*these)) if these else 0


def delete_of_visitor(conn: Connection, org_id: str, visitor_id: str) -> int:
    """Deletes all traces of a visitor, and of conversations held in that browser."""
    held = select(conversations.c.id).where(
        conversations.c.org_id == org_id, conversations.c.visitor_id == visitor_id
    )
    theirs = or_(_of.visitor_id == visitor_id, _of.conversation_id.in_(held))
    return _delete(conn, _of.org_id == org_id, theirs)


def prune_older(
    conn: Connection,
    before_ms: int,
    org_id: str | None = None,
    *,
    apart: Mapping[Owned, int] = NOBODY,
) -> int:
    """Deletes traces that began before then, of one organization or all, some at once; how many.

    Of the agents that are named `apart` those go that began before their own moment.
    Organization by organization: a list is walked along its index, of which it is the end.
    """
    every = select(organizations.c.id)
    whose = [org_id] if org_id else [row[0] for row in conn.execute(every).fetchall()]
    gone = 0
    for each in whose:
        own = {agent: before for (owner, agent), before in apart.items() if owner == each}
        rest = (_of.org_id == each, _of.started_at < before_ms, _of.agent.not_in(list(own)))
        gone += _delete_seqs(conn, [row[0] for row in _oldest(conn, *rest)])
        for agent, before in own.items():
            old = (_of.org_id == each, _of.started_at < before, _of.agent == agent)
            gone += _delete_seqs(conn, [row[0] for row in _oldest(conn, *old)])
    return gone


def prune_larger(
    conn: Connection,
    most_bytes: int,
    org_id: str | None = None,
    *,
    apart: Mapping[Owned, int] = NOBODY,
) -> int:
    """Deletes the oldest traces of each agent that takes more, some at once; 0 is no limit.

    Agents that are named `apart` have limits of their own.
    """
    taken = select(_of.org_id, _of.agent, func.sum(_of.bytes)).group_by(_of.org_id, _of.agent)
    if org_id:
        taken = taken.where(_of.org_id == org_id)
    gone = 0
    for owner, agent, total in conn.execute(taken).fetchall():
        most = apart.get((owner, agent), most_bytes)
        if most and total > most:
            gone += _delete_oldest(conn, owner, agent, int(total) - most)
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
