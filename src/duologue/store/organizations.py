"""Organizations and their balance."""

from __future__ import annotations

from sqlalchemy import Connection, Integer, bindparam, case, func, insert, or_, select, update

from duologue.errors import DuologueError
from duologue.store.ids import fresh
from duologue.store.records import Credit, Organization, as_row, build
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
_set = Statement(
    update(organizations)
    .where(_columns.id == bindparam("org"))
    .values(balance_micros=bindparam("micros"))
    .returning(*_columns)
)
_note = Statement(insert(credit_notes))
_noted = Statement(
    select(credit_notes)
    .where(credit_notes.c.org_id == bindparam("org"))
    .order_by(credit_notes.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


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


def set_balance(
    conn: Connection, org_id: str, micros: int | None, note: str, now: int
) -> Organization:
    """Makes the balance exactly that, or unlimited; what it changed by is noted as a credit is."""
    before = get(conn, org_id)
    row = _set(conn, org=org_id, micros=micros).fetchone()
    if before is None or row is None:
        raise DuologueError("not_found", path=org_id)
    change = (micros or 0) - (before.balance_micros or 0)
    _note(conn, id=fresh("cred_", now), org_id=org_id, micros=change, note=note, created_at=now)
    return build(Organization, row)


def credits_of(conn: Connection, org_id: str, *, limit: int) -> list[Credit]:
    """What was added to a balance, or set of it, the newest first."""
    return [build(Credit, row) for row in _noted(conn, org=org_id, most=limit).fetchall()]


def take(conn: Connection, org_id: str, micros: int) -> int | None:
    """Takes from the balance, never below zero; what is left, none if it is unlimited."""
    row = _take(conn, org=org_id, amount=micros).fetchone()
    return None if row is None else row[0]
