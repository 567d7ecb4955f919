"""Visits: the batches that browsers tell, taken in once, and forgotten when they are old.

A visitor's id was made by a browser, so it means something within one organization only. Whoever
writes for a visitor writes the visitor's own row first: its lock puts two batches, or a batch and a
deletion, in line.
"""

from __future__ import annotations

from typing import Any, Final, assert_never

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from duologue.core.visitors import happened_at
from duologue.errors import DuologueError
from duologue.store.records import as_json
from duologue.store.statements import Statement
from duologue.store.tables import conversations, page_views, visitor_events, visitors, visits
from duologue.wire import visits as wire

AT_ONCE: Final = 2000
"""Old rows of a table that are deleted in one go: others want to write, too."""

_of = visitors.c


def _upsert(insert: Any, table: Any, later: str) -> Any:
    """Inserts a row, or moves the time `later` of the one that is there, and never back."""
    made = insert(table)
    new, old = made.excluded[later], table.c[later]
    return made.on_conflict_do_update(
        index_elements=["org_id", "id"], set_={later: case((new > old, new), else_=old)}
    )


def _or_later(table: Any, later: str) -> Statement:
    return Statement(_upsert(sqlite.insert, table, later), _upsert(postgresql.insert, table, later))


def _once(table: Any) -> Statement:
    """Inserts a row unless it is there: a batch that comes again counts once."""
    key = ["org_id", "id"]
    return Statement(
        sqlite.insert(table).on_conflict_do_nothing(index_elements=key),
        postgresql.insert(table).on_conflict_do_nothing(index_elements=key),
    )


_meet = _or_later(visitors, "last_seen_at")
_visit = _or_later(visits, "last_at")
_see = _once(page_views)
_note = _once(visitor_events)
_visitor_of = Statement(
    select(visits.c.visitor_id).where(
        visits.c.org_id == bindparam("org"), visits.c.id == bindparam("wanted")
    )
)
_stay = Statement(
    update(page_views)
    .where(
        page_views.c.org_id == bindparam("org"),
        page_views.c.visitor_id == bindparam("visitor"),
        page_views.c.id == bindparam("wanted"),
        page_views.c.visible_ms < bindparam("ms"),
    )
    .values(visible_ms=bindparam("ms"))
)
_identify = Statement(
    update(visitors)
    .where(
        _of.org_id == bindparam("org"),
        _of.id == bindparam("wanted"),
        func.coalesce(_of.identified_at, -1) <= bindparam("when"),
    )
    .values(user_id=bindparam("user"), traits=bindparam("told"), identified_at=bindparam("when"))
)
_link = Statement(
    update(conversations)
    .where(conversations.c.org_id == bindparam("org"), conversations.c.id == bindparam("wanted"))
    .values(visitor_id=bindparam("visitor"))
)


def record(conn: Connection, org_id: str, batch: wire.Batch, now: int) -> None:
    """Takes a batch in; what of it came before does not count again."""
    times = [happened_at(one.at, batch.sent_at, now) for one in batch.events]
    first, last = min(times), max(times)
    meet(conn, org_id, batch.visitor, first=first, last=last)
    _visit(
        conn,
        org_id=org_id,
        id=batch.visit,
        visitor_id=batch.visitor,
        started_at=first,
        last_at=last,
    )
    if _visitor_of(conn, org=org_id, wanted=batch.visit).fetchone()[0] != batch.visitor:
        reason = f"visit {batch.visit!r} is another visitor's"
        raise DuologueError("bad_request", reason=reason)
    for event, at in zip(batch.events, times, strict=True):
        _take(conn, org_id, batch, event, at)


def meet(conn: Connection, org_id: str, id: str, *, first: int, last: int) -> None:  # noqa: A002
    """Notes that a visitor was there; one who is new is remembered from now on."""
    _meet(
        conn,
        org_id=org_id,
        id=id,
        user_id=None,
        traits="{}",
        first_seen_at=first,
        last_seen_at=last,
        identified_at=None,
    )


def link(conn: Connection, org_id: str, conversation_id: str, visitor_id: str, now: int) -> None:
    """Notes in whose browser a conversation is held; the last one counts.

    The id is what a page says: one that no tracker makes is nobody's.
    """
    if not wire.known(visitor_id):
        return
    meet(conn, org_id, visitor_id, first=now, last=now)
    _link(conn, org=org_id, wanted=conversation_id, visitor=visitor_id)


def prune(conn: Connection, before: int) -> int:
    """Forgets what is older, at most so much of each kind in one go; how much it was.

    A visitor goes when nothing newer is known of them; their conversations stay, unlinked.
    """
    page_of = and_(page_views.c.org_id == visits.c.org_id, page_views.c.visit_id == visits.c.id)
    event_of = and_(
        visitor_events.c.org_id == visits.c.org_id, visitor_events.c.visit_id == visits.c.id
    )
    visit_of = and_(visits.c.org_id == _of.org_id, visits.c.visitor_id == _of.id)
    empty = ~or_(exists().where(page_of), exists().where(event_of))
    gone = _delete(conn, visitor_events, visitor_events.c.at < before)
    gone += _delete(conn, page_views, page_views.c.at < before)
    gone += _delete(conn, visits, visits.c.last_at < before, empty)
    old = (_of.last_seen_at < before, ~exists().where(visit_of))
    conn.execute(
        update(conversations)
        .where(
            tuple_(conversations.c.org_id, conversations.c.visitor_id).in_(
                select(_of.org_id, _of.id).where(*old)
            )
        )
        .values(visitor_id=None)
    )
    return gone + _delete(conn, visitors, *old)


# ---------------------------------------------------------------- within


def _take(conn: Connection, org_id: str, batch: wire.Batch, event: wire.Event, at: int) -> None:
    whose = {"org_id": org_id, "visitor_id": batch.visitor, "visit_id": batch.visit}
    match event:
        case wire.PageSeen():
            shown = {name: getattr(event, name) for name in ("url", "path", "title", "referrer")}
            _see(conn, id=event.id, at=at, visible_ms=0, **whose, **shown)
        case wire.TimeSpent():
            _stay(conn, org=org_id, visitor=batch.visitor, wanted=event.page, ms=event.visible_ms)
        case wire.Clicked() | wire.Happened():
            told = {"kind": "click", "properties": "{}"}
            if isinstance(event, wire.Happened):
                told = {"kind": "event", "properties": as_json(event.properties)}
            _note(conn, id=event.id, at=at, page_id=event.page, name=event.name, **whose, **told)
        case wire.Identified():
            who = {"user": event.user_id, "told": as_json(event.traits), "when": at}
            _identify(conn, org=org_id, wanted=batch.visitor, **who)
        case _ as never:
            assert_never(never)


def _delete(conn: Connection, table: Any, *which: Any) -> int:
    """Deletes some of the rows; how many.

    One that a batch is being written to is left alone: whoever it is of is here again.
    """
    key = (table.c.org_id, table.c.id)
    some = select(*key).where(*which).limit(AT_ONCE)
    some = some.with_for_update(of=table, skip_locked=True)
    return conn.execute(delete(table).where(tuple_(*key).in_(some))).rowcount
