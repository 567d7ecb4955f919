"""Links that show one conversation to whoever holds them; of each only the hash is kept."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from duologue.store.ids import fresh
from duologue.store.statements import Statement
from duologue.store.trace_tables import links, traces


class Link(msgspec.Struct, frozen=True):
    """A link, without what opens it."""

    id: str
    created_at: int
    expires_at: int


class Opened(msgspec.Struct, frozen=True):
    """What a link shows."""

    org_id: str
    trace: str
    """The run's id."""
    expires_at: int


_of = links.c
_shown = [_of[name] for name in Link.__struct_fields__]
_its = select(traces.c.seq).where(
    traces.c.org_id == bindparam("org"), traces.c.id == bindparam("wanted")
)
_seq = Statement(_its)
_insert = Statement(insert(links))
_of_trace = Statement(
    select(*_shown)
    .where(_of.trace_seq == _its.scalar_subquery(), _of.expires_at > bindparam("at"))
    .order_by(_of.id.desc())
)
_by_hash = Statement(
    select(_of.org_id, traces.c.id, _of.expires_at)
    .join_from(links, traces, traces.c.seq == _of.trace_seq)
    .where(_of.hash == bindparam("wanted"))
)
_delete = Statement(
    delete(links).where(_of.trace_seq == _its.scalar_subquery(), _of.id == bindparam("which"))
)
_expired = Statement(delete(links).where(_of.expires_at <= bindparam("at")))


def add(
    conn: Connection,
    org_id: str,
    trace_id: str,
    *,
    hash: str,  # noqa: A002
    now: int,
    expires_at: int,
) -> Link | None:
    """A new link to a trace of the organization; none where there is no such trace."""
    row = _seq(conn, org=org_id, wanted=trace_id).fetchone()
    if row is None:
        return None
    made = Link(fresh("link_", now), now, expires_at)
    _insert(conn, org_id=org_id, trace_seq=row[0], hash=hash, **msgspec.structs.asdict(made))
    return made


def of(conn: Connection, org_id: str, trace_id: str, now: int) -> list[Link]:
    """The links of a trace that still open it, the newest first."""
    return [Link(*row) for row in _of_trace(conn, org=org_id, wanted=trace_id, at=now).fetchall()]


def by_hash(conn: Connection, hash: str) -> Opened | None:  # noqa: A002
    """What the link shows whose SHA-256 this is, whichever organization it belongs to."""
    row = _by_hash(conn, wanted=hash).fetchone()
    return None if row is None else Opened(*row)


def revoke(conn: Connection, org_id: str, trace_id: str, id: str) -> bool:  # noqa: A002
    """Takes a link of a trace back; false where there is none of that id."""
    return _delete(conn, org=org_id, wanted=trace_id, which=id).rowcount == 1


def forget_expired(conn: Connection, now: int) -> int:
    """Deletes links that open nothing any more, of any organization; returns how many."""
    return _expired(conn, at=now).rowcount
