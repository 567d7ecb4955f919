"""Recordings of traces: where their files lie, and which files are to be deleted.

A deleted recording is `discarded` first; who keeps the files deletes them and says so (`erased`).
A process that is killed between the two leaves the row, and the next one deletes the file.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from duologue.errors import DuologueError
from duologue.store import conversations
from duologue.store.ids import fresh
from duologue.store.statements import Statement
from duologue.store.trace_tables import recordings, traces
from duologue.store.traces import seq_of

AT_ONCE: Final = 100
BUCKET: Final = "s3://"
"""How the path of a sound begins that lies in a bucket."""


class Recording(msgspec.Struct, frozen=True):
    """A recording, without its sound."""

    id: str
    state: Literal["open", "complete", "discarded"]
    path: str
    """A file in the folder of recordings, or an object in their bucket."""
    format: str
    started_ns: int
    duration_ms: int
    bytes: int
    created_at: int


_of = recordings.c
_shown = [_of[name] for name in Recording.__struct_fields__]
_insert = Statement(insert(recordings))
_this = (_of.org_id == bindparam("org"), _of.id == bindparam("wanted"))
_close = Statement(
    update(recordings)
    .where(*_this, _of.state == "open")
    .values(state="complete", duration_ms=bindparam("long"), bytes=bindparam("large"))
)
_has = Statement(
    update(traces).where(traces.c.seq == bindparam("wanted")).values(has_recording=True)
)
_grow = Statement(
    update(traces)
    .where(
        traces.c.seq == select(_of.trace_seq).where(_of.id == bindparam("wanted")).scalar_subquery()
    )
    .values(bytes=traces.c.bytes + bindparam("more"))
)
_hold = Statement(
    select(traces.c.seq)
    .where(
        traces.c.seq == select(_of.trace_seq).where(_of.id == bindparam("wanted")).scalar_subquery()
    )
    .with_for_update()
)
_one = Statement(
    select(*_shown)
    .join_from(recordings, traces, traces.c.seq == _of.trace_seq)
    .where(
        traces.c.org_id == bindparam("org"),
        traces.c.id == bindparam("trace"),
        _of.id == bindparam("wanted"),
    )
)
_of_trace = Statement(
    select(*_shown)
    .join_from(recordings, traces, traces.c.seq == _of.trace_seq)
    .where(traces.c.org_id == bindparam("org"), traces.c.id == bindparam("wanted"))
    .order_by(_of.started_ns, _of.id)
)


def start(
    conn: Connection,
    org_id: str,
    trace_id: str,
    *,
    path: str,
    format: str,  # noqa: A002
    started_ns: int,
    now: int,
    conversation_id: str | None = None,
) -> Recording:
    """A recording that is being written; its trace is made if nothing was told of it yet.

    Of a conversation that was deleted meanwhile nothing is recorded.
    """
    if conversation_id is not None and not conversations.held(conn, org_id, [conversation_id]):
        raise DuologueError("conversation_not_found", conversation=conversation_id)
    made = Recording(fresh("rec_", now), "open", path, format, started_ns, 0, 0, now)
    seq = seq_of(conn, org_id, trace_id, now)
    _insert(conn, org_id=org_id, trace_seq=seq, **msgspec.structs.asdict(made))
    _has(conn, wanted=seq)
    return made


def finish(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    *,
    duration_ms: int,
    size: int,
) -> bool:
    """It is whole; false when it was before, or was discarded meanwhile.

    The trace is locked before its recording, as by those who delete: else both wait for ever.
    """
    _hold(conn, wanted=id)
    done = _close(conn, org=org_id, wanted=id, long=duration_ms, large=size).rowcount == 1
    if done:
        _grow(conn, wanted=id, more=size)
    return done


def get(conn: Connection, org_id: str, trace_id: str, id: str) -> Recording | None:  # noqa: A002
    """One recording of a trace; none where there is none, or it was discarded."""
    row = _one(conn, org=org_id, trace=trace_id, wanted=id).fetchone()
    return None if row is None else Recording(*row)


def of(conn: Connection, org_id: str, trace_id: str) -> list[Recording]:
    """The recordings of a trace, in the order in which they began."""
    rows = _of_trace(conn, org=org_id, wanted=trace_id).fetchall()
    return [Recording(*row) for row in rows]


def discarded(conn: Connection, after: str = "") -> list[Recording]:
    """Recordings whose files are to be deleted, some at once: those behind that one."""
    query = select(*_shown).where(_of.state == "discarded", _of.id > after)
    return [Recording(*row) for row in conn.execute(query.order_by(_of.id).limit(AT_ONCE))]


def abandoned(conn: Connection, after: str = "") -> list[tuple[str, Recording]]:
    """Recordings that are open though their run is over, with their organizations; as above."""
    query = (
        select(_of.org_id, *_shown)
        .join_from(recordings, traces, traces.c.seq == _of.trace_seq)
        .where(_of.state == "open", traces.c.status != "active", _of.id > after)
        .order_by(_of.id)
        .limit(AT_ONCE)
    )
    return [(row[0], Recording(*row[1:])) for row in conn.execute(query).fetchall()]


def discard(conn: Connection, org_id: str, id: str) -> bool:  # noqa: A002
    """It came to nothing: its trace is without it, and its file is to be deleted."""
    seq = conn.execute(
        select(_of.trace_seq).where(_of.org_id == org_id, _of.id == id, _of.state == "open")
    ).scalar()
    if seq is None:
        return False
    conn.execute(update(recordings).where(_of.id == id).values(state="discarded", trace_seq=None))
    others = exists().where(_of.trace_seq == seq)
    conn.execute(update(traces).where(traces.c.seq == seq).values(has_recording=others))
    return True


def unmoved(conn: Connection, after: str = "") -> list[Recording]:
    """Whole recordings that lie in a folder, some at once: those behind that one."""
    here = (_of.state == "complete", _of.path.not_like(f"{BUCKET}%"))
    query = select(*_shown).where(*here, _of.id > after)
    return [Recording(*row) for row in conn.execute(query.order_by(_of.id).limit(AT_ONCE))]


def moved(conn: Connection, id: str, address: str) -> bool:  # noqa: A002
    """It lies in a bucket now; false when it was discarded meanwhile."""
    whole = update(recordings).where(_of.id == id, _of.state == "complete")
    return conn.execute(whole.values(path=address)).rowcount == 1


def known(conn: Connection, names: list[str]) -> set[str]:
    """Which of these files belong to a recording."""
    return set(conn.execute(select(_of.path).where(_of.path.in_(names))).scalars())


def erased(conn: Connection, ids: list[str]) -> None:
    """Forgets recordings whose files are gone."""
    conn.execute(delete(recordings).where(_of.id.in_(ids), _of.state == "discarded"))
