"""Visitors: what is known of one, and how all of it is forgotten."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Integer, bindparam, delete, func, select, update

from duologue.core.visitors import SHOWN, SeenPage, Visitor
from duologue.store.records import from_json
from duologue.store.statements import Statement
from duologue.store.tables import conversations, page_views, visitor_events, visitors, visits
from duologue.store.trace_deletion import delete_of_visitor
from duologue.wire.visits import Deleted, EventView, PageView, VisitorView

LISTED: Final = 200
"""The last pages, events and conversations of a visitor that are shown."""

_of = visitors.c
_this = (_of.org_id == bindparam("org"), _of.id == bindparam("wanted"))
_get = Statement(select(_of.user_id, _of.traits, _of.first_seen_at, _of.last_seen_at).where(*_this))
_lock = Statement(select(_of.id).where(*_this).with_for_update())
_count = Statement(
    select(func.count())
    .select_from(visits)
    .where(visits.c.org_id == bindparam("org"), visits.c.visitor_id == bindparam("wanted"))
)


def _newest(table: Any, *columns: str) -> Statement:
    return Statement(
        select(*(table.c[name] for name in columns))
        .where(table.c.org_id == bindparam("org"), table.c.visitor_id == bindparam("wanted"))
        .order_by(table.c.at.desc(), table.c.id.desc())
        .limit(bindparam("most", type_=Integer))
    )


_of_conversation = Statement(
    select(conversations.c.visitor_id).where(
        conversations.c.org_id == bindparam("org"), conversations.c.id == bindparam("wanted")
    )
)
_last_pages = _newest(page_views, "path", "title", "at", "visible_ms")
_pages = _newest(
    page_views, "id", "visit_id", "url", "path", "title", "referrer", "visible_ms", "at"
)
_events = _newest(visitor_events, "id", "visit_id", "page_id", "kind", "name", "properties", "at")


def known(conn: Connection, org_id: str, id: str) -> Visitor | None:  # noqa: A002
    """What an agent may know of a visitor."""
    row = _get(conn, org=org_id, wanted=id).fetchone()
    if row is None:
        return None
    user_id, traits, first_seen_at, _ = row
    pages = _last_pages(conn, org=org_id, wanted=id, most=SHOWN).fetchall()
    return Visitor(
        id=id,
        user_id=user_id,
        traits=from_json(traits),
        first_seen=first_seen_at,
        visits=_visits(conn, org_id, id),
        pages=[SeenPage(*each) for each in pages],
    )


def of(conn: Connection, org_id: str, conversation_id: str) -> Visitor | None:
    """What an agent may know of whom it talks with in a conversation."""
    row = _of_conversation(conn, org=org_id, wanted=conversation_id).fetchone()
    return None if row is None or row[0] is None else known(conn, org_id, row[0])


def whole(conn: Connection, org_id: str, id: str) -> VisitorView | None:  # noqa: A002
    """All that is kept of a visitor; of long lists the newest."""
    row = _get(conn, org=org_id, wanted=id).fetchone()
    if row is None:
        return None
    user_id, traits, first_seen_at, last_seen_at = row
    pages = _pages(conn, org=org_id, wanted=id, most=LISTED).fetchall()
    events = _events(conn, org=org_id, wanted=id, most=LISTED).fetchall()
    talks = conn.execute(
        select(conversations.c.id)
        .where(conversations.c.org_id == org_id, conversations.c.visitor_id == id)
        .order_by(conversations.c.id.desc())
        .limit(LISTED)
    ).fetchall()
    return VisitorView(
        id=id,
        user_id=user_id,
        traits=from_json(traits),
        visits=_visits(conn, org_id, id),
        first_seen_at=first_seen_at,
        last_seen_at=last_seen_at,
        pages=[PageView(*each) for each in pages],
        events=[_event(*each) for each in events],
        conversations=[each[0] for each in talks],
    )


def forget(conn: Connection, org_id: str, id: str) -> Deleted | None:  # noqa: A002
    """Deletes a visitor's traces and all that its browser told; none if it is unknown.

    Its conversations stay, but nobody can tell any more whose they were.

    A session that is authorized meanwhile locks its conversation before its visitor. So do we; and
    one that came between is unlinked at the end.
    """
    traced = delete_of_visitor(conn, org_id, id)
    talks = _unlink(conn, org_id, id)
    if _lock(conn, org=org_id, wanted=id).fetchone() is None and not traced:
        return None
    events, pages, visited = (
        conn.execute(
            delete(table).where(table.c.org_id == org_id, table.c.visitor_id == id)
        ).rowcount
        for table in (visitor_events, page_views, visits)
    )
    conn.execute(delete(visitors).where(_of.org_id == org_id, _of.id == id))
    talks += _unlink(conn, org_id, id)
    return Deleted(
        id=id, visits=visited, pages=pages, events=events, conversations=talks, traces=traced
    )


# ---------------------------------------------------------------- within


def _unlink(conn: Connection, org_id: str, id: str) -> int:  # noqa: A002
    return conn.execute(
        update(conversations)
        .where(conversations.c.org_id == org_id, conversations.c.visitor_id == id)
        .values(visitor_id=None)
    ).rowcount


def _visits(conn: Connection, org_id: str, id: str) -> int:  # noqa: A002
    """How often a visitor came; one who only talked came once."""
    counted: int = _count(conn, org=org_id, wanted=id).fetchone()[0]
    return max(1, counted)


def _event(*row: Any) -> EventView:
    id, visit, page, kind, name, properties, at = row  # noqa: A001
    return EventView(id, visit, page, kind, name, from_json(properties), at)
