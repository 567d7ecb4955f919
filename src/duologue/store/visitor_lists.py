"""Visitors as the console lists them: who was here last, and who is meant by a word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, or_, select, tuple_

from duologue.errors import DuologueError
from duologue.store.records import Page, from_json
from duologue.store.tables import conversations, page_views, visitors, visits

_CURSOR: Final = re.compile(r"(\d{1,18})\.(\S+)")
_of = visitors.c


class Listed(msgspec.Struct, frozen=True):
    """A visitor in a list."""

    org_id: str
    id: str
    user_id: str | None
    traits: dict[str, Any]
    first_seen_at: int
    last_seen_at: int
    visits: int
    conversations: int
    path: str | None
    """Where they were last, as far as a tracker told."""


def page(
    conn: Connection,
    org_id: str,
    *,
    text: str = "",
    before: str | None = None,
    limit: int = 50,
) -> Page[Listed]:
    """Visitors, who was here last first; `text` stands in their id, user id or traits."""
    shown = (_of.org_id, _of.id, _of.user_id, _of.traits, _of.first_seen_at, _of.last_seen_at)
    query = select(*shown).where(_of.org_id == org_id)
    if text:
        within = (_of.id, _of.user_id, _of.traits)
        query = query.where(or_(*(each.icontains(text, autoescape=True) for each in within)))
    if before is not None:
        query = query.where(tuple_(_of.last_seen_at, _of.id) < tuple_(*_place(before)))
    order = (_of.last_seen_at.desc(), _of.id.desc())
    rows = conn.execute(query.order_by(*order).limit(limit + 1)).fetchall()
    # Apart, or SQLite would count for every visitor before it sorts them: 0.3 s of 100,000.
    facts = _facts(conn, org_id, [row[1] for row in rows[:limit]])
    items = [Listed(*row[:3], from_json(row[3]), *row[4:], *facts[row[1]]) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items, None if last is None else f"{last.last_seen_at}.{last.id}")


def conversations_of(conn: Connection, org_id: str, visitor_id: str) -> list[str]:
    """The ids of all conversations that were held in a visitor's browser."""
    of = conversations.c
    query = select(of.id).where(of.org_id == org_id, of.visitor_id == visitor_id)
    return [row[0] for row in conn.execute(query.order_by(of.id)).fetchall()]


def _facts(conn: Connection, org_id: str, ids: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Visits, conversations and the last page of each."""
    query = select(_of.id, _number(visits), _number(conversations), _last_path())
    rows = conn.execute(query.where(_of.org_id == org_id, _of.id.in_(ids))).fetchall()
    return {row[0]: row[1:] for row in rows}


def _number(table: Any) -> Any:
    """How many rows of a table are of the visitor."""
    return (
        select(func.count())
        .select_from(table)
        .where(table.c.org_id == _of.org_id, table.c.visitor_id == _of.id)
        .scalar_subquery()
    )


def _last_path() -> Any:
    seen = page_views.c
    return (
        select(seen.path)
        .where(seen.org_id == _of.org_id, seen.visitor_id == _of.id)
        .order_by(seen.at.desc(), seen.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _place(cursor: str) -> tuple[int, str]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        reason = f"before={cursor!r} is not the `next` of this list"
        raise DuologueError("bad_request", reason=reason)
    return int(match[1]), match[2]
