"""Organizations and their balance."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, case, func, insert, or_, select, update

from duologue.errors import DuologueError
from duologue.store.ids import fresh
from duologue.store.records import Organization, as_row, build
from duologue.store.statements import Statement
from duologue.store.tables import credit_notes, organizations

_columns = organizations.c
_insert = Statement(insert(organizations))
_get = Statement(
    select(organizations).where(
        or_(_columns.id == bindparam("wanted"), _columns.slug == bindparam("wanted"))
    )
)
_all = Statement(select(organizations).order_by(_columns.id))
_credit = Statement(
    update(organizations)
    .where(_columns.id == bindparam("org"))
    .values(balance_micros=func.coalesce(_columns.balance_micros, 0) + bindparam("amount"))
    .returning(*_columns)
)
_take = Statement(
    update(organizations)
    .where(_columns.id == bindparam("org"))
    .values(
        balance_micros=case(
            (_columns.balance_micros.is_(None), None),
            (
                _columns.balance_micros > bindparam("amount"),
                _columns.balance_micros - bindparam("amount"),
            ),
            else_=0,
        )
    )
    .returning(_columns.balance_micros)
)
_note = Statement(insert(credit_notes))


def create(conn: Connection, *, slug: str, name: str, now: int) -> Organization:
    """A new organization with an unlimited balance; its slug must be free."""
    if get(conn, slug) is not None:
        raise DuologueError("bad_request", reason=f"there is an organization {slug!r} already")
    made = Organization(fresh("org_", now), name, slug, None, now)
    _insert(conn, **as_row(made))
    return made


def get(conn: Connection, id_or_slug: str) -> Organization | None:
    """The organization of that id or slug."""
    row = _get(conn, wanted=id_or_slug).fetchone()
    return None if row is None else build(Organization, row)


def all(conn: Connection) -> list[Organization]:  # noqa: A001
    """Every organization, oldest first."""
    return [build(Organization, row) for row in _all(conn).fetchall()]


def credit(conn: Connection, org_id: str, micros: int, note: str, now: int) -> Organization:
    """Adds to the balance; an unlimited one becomes metered, from zero."""
    row = _credit(conn, org=org_id, amount=micros).fetchone()
    if row is None:
        raise DuologueError("not_found", path=org_id)
    _note(conn, id=fresh("cred_", now), org_id=org_id, micros=micros, note=note, created_at=now)
    return build(Organization, row)


def take(conn: Connection, org_id: str, micros: int) -> int | None:
    """Takes from the balance, never below zero; what is left, none if it is unlimited."""
    row = _take(conn, org=org_id, amount=micros).fetchone()
    return None if row is None else row[0]
