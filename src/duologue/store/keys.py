"""Keys: their facts and their hash."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, or_, select, update
from sqlalchemy import insert as insertion

from duologue.store.ids import fresh
from duologue.store.records import Key, KeyKind, as_json, as_row, build
from duologue.store.statements import Statement
from duologue.store.tables import keys

_MINUTE_MS = 60_000

_columns = keys.c
_insert = Statement(insertion(keys))
_by_hash = Statement(select(keys).where(_columns.hash == bindparam("wanted")))
_get = Statement(
    select(keys).where(_columns.org_id == bindparam("org"), _columns.id == bindparam("wanted"))
)
_all = Statement(select(keys).where(_columns.org_id == bindparam("org")).order_by(_columns.id))
_revoke = Statement(
    update(keys)
    .where(_columns.org_id == bindparam("org"), _columns.id == bindparam("wanted"))
    .values(revoked_at=func.coalesce(_columns.revoked_at, bindparam("at")))
    .returning(*_columns)
)
_set_origins = Statement(
    update(keys)
    .where(_columns.org_id == bindparam("org"), _columns.id == bindparam("wanted"))
    .values(origins=bindparam("listed"))
)
_ends_by = Statement(
    update(keys)
    .where(
        _columns.org_id == bindparam("org"),
        _columns.id == bindparam("wanted"),
        or_(_columns.expires_at.is_(None), _columns.expires_at > bindparam("at")),
    )
    .values(expires_at=bindparam("at"))
)
_used = Statement(
    update(keys)
    .where(
        _columns.org_id == bindparam("org"),
        _columns.id == bindparam("wanted"),
        func.coalesce(_columns.last_used_at, 0) <= bindparam("before"),
    )
    .values(last_used_at=bindparam("at"))
)


def insert(
    conn: Connection,
    org_id: str,
    *,
    kind: KeyKind,
    hash: str,  # noqa: A002
    hint: str,
    name: str,
    agent_id: str | None,
    origins: Sequence[str],
    scopes: Sequence[str],
    now: int,
    expires_at: int | None,
) -> Key:
    """A new key, of which only the hash is kept."""
    made = Key(
        fresh("key_", now),
        org_id,
        kind,
        name,
        hash,
        hint,
        agent_id,
        list(origins),
        list(scopes),
        now,
        expires_at,
        None,
        None,
    )
    _insert(conn, **as_row(made))
    return made


def by_hash(conn: Connection, hash: str) -> Key | None:  # noqa: A002
    """The key whose SHA-256 this is, whichever organization owns it."""
    row = _by_hash(conn, wanted=hash).fetchone()
    return None if row is None else build(Key, row)


def get(conn: Connection, org_id: str, id: str) -> Key | None:  # noqa: A002
    """The organization's key of that id."""
    row = _get(conn, org=org_id, wanted=id).fetchone()
    return None if row is None else build(Key, row)


def all(conn: Connection, org_id: str) -> list[Key]:  # noqa: A001
    """Every key of the organization, oldest first, revoked ones included."""
    return [build(Key, row) for row in _all(conn, org=org_id).fetchall()]


def set_origins(conn: Connection, org_id: str, key_id: str, origins: Sequence[str]) -> bool:
    """Lists the origins whose pages may use a key; false when there is no such key."""
    return _set_origins(conn, org=org_id, wanted=key_id, listed=as_json(origins)).rowcount == 1


def revoke(conn: Connection, org_id: str, key_id: str, now: int) -> Key | None:
    """The key, void from now on; the time of its first revocation stays."""
    row = _revoke(conn, org=org_id, wanted=key_id, at=now).fetchone()
    return None if row is None else build(Key, row)


def end_by(conn: Connection, org_id: str, key_id: str, at: int) -> bool:
    """Lets a key expire at that time, unless it does so earlier; false when nothing changes."""
    return _ends_by(conn, org=org_id, wanted=key_id, at=at).rowcount == 1


def used(conn: Connection, org_id: str, key_id: str, now: int) -> None:
    """Notes that the key was used, to the minute: a busy key is not written at every use."""
    _used(conn, org=org_id, wanted=key_id, at=now, before=now - _MINUTE_MS)
