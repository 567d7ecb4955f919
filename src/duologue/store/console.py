"""Who may look at the console: links that were not used yet, and people who are signed in."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from duologue.store.ids import fresh
from duologue.store.records import as_row, build, holds
from duologue.store.statements import Statement
from duologue.store.tables import console_sessions

Role = Literal["owner", "viewer"]
Kind = Literal["link", "session"]


class SignIn(msgspec.Struct, frozen=True):
    """A link, or somebody's cookie, of which only the hash is kept."""

    id: str
    org_id: str
    hash: str
    kind: Kind
    role: Role
    name: str
    created_at: int
    expires_at: int
    last_seen_at: int | None


holds(SignIn, json=())

_of = console_sessions.c
_insert = Statement(insert(console_sessions))
_that = (_of.hash == bindparam("wanted"), _of.kind == bindparam("which"))
_by_hash = Statement(select(console_sessions).where(*_that))
_take = Statement(delete(console_sessions).where(*_that).returning(*_of))
_seen = Statement(
    update(console_sessions)
    .where(
        _of.id == bindparam("wanted"),
        func.coalesce(_of.last_seen_at, 0) <= bindparam("before"),
    )
    .values(last_seen_at=bindparam("at"))
)
_expired = Statement(
    delete(console_sessions).where(
        (_of.expires_at <= bindparam("at")) | (_of.last_seen_at <= bindparam("idle"))
    )
)
_all = Statement(
    select(console_sessions)
    .where(
        _of.org_id == bindparam("org"),
        _of.expires_at > bindparam("at"),
        _of.last_seen_at > bindparam("idle"),
    )
    .order_by(_of.id.desc())
)
_remove = Statement(
    delete(console_sessions).where(_of.org_id == bindparam("org"), _of.id == bindparam("wanted"))
)


def add(
    conn: Connection,
    org_id: str,
    *,
    kind: Kind,
    hash: str,  # noqa: A002
    role: Role,
    name: str,
    now: int,
    expires_at: int,
) -> SignIn:
    """A new link or cookie."""
    made = SignIn(fresh("con_", now), org_id, hash, kind, role, name, now, expires_at, now)
    _insert(conn, **as_row(made))
    return made


def by_hash(conn: Connection, hash: str, kind: Kind) -> SignIn | None:  # noqa: A002
    """The link or cookie whose SHA-256 this is, whichever organization it belongs to."""
    row = _by_hash(conn, wanted=hash, which=kind).fetchone()
    return None if row is None else build(SignIn, row)


def take(conn: Connection, hash: str, kind: Kind) -> SignIn | None:  # noqa: A002
    """The same, gone from now on: of two who ask at once, one gets it."""
    row = _take(conn, wanted=hash, which=kind).fetchone()
    return None if row is None else build(SignIn, row)


def seen(conn: Connection, id: str, now: int, before: int) -> None:  # noqa: A002
    """Notes that somebody was there, unless that was noted since `before`."""
    _seen(conn, wanted=id, at=now, before=before)


def forget_expired(conn: Connection, now: int, idle_since: int) -> int:
    """Deletes what opens nothing any more, of any organization; returns how many."""
    return _expired(conn, at=now, idle=idle_since).rowcount


def all(conn: Connection, org_id: str, now: int, idle_since: int) -> list[SignIn]:  # noqa: A001
    """The organization's links and cookies that still open something, the newest first."""
    rows = _all(conn, org=org_id, at=now, idle=idle_since).fetchall()
    return [build(SignIn, row) for row in rows]


def remove(conn: Connection, org_id: str, id: str) -> bool:  # noqa: A002
    """Voids one of the organization's links or cookies; false when there is none."""
    return _remove(conn, org=org_id, wanted=id).rowcount == 1
