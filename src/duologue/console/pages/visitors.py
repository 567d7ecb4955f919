"""Visitors: a list with search, and one of them with every page that they saw."""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.console.pages import lately, listing
from duologue.console.pages.asked import AskedText
from duologue.errors import DuologueError
from duologue.store import visitor_lists, visitors
from duologue.store.trace_records import TraceFilter
from duologue.store.visitor_lists import Listed
from duologue.wire.visits import EventView, PageView, VisitorView

ROWS: Final = 50
LAST: Final = 20
"""The conversations that a visitor's page shows."""
TRAITS: Final = 3
"""The traits that stand in the list."""


class Asked(AskedText, frozen=True, kw_only=True):
    """The search, as the page's address has it."""

    text: str = ""
    path: ClassVar = "/console/visitors"


class VisitorsView(msgspec.Struct, frozen=True, kw_only=True):
    """The list."""

    rows: list[Listed]
    asked: Asked
    now: int
    newer: str | None
    older: str | None
    traits: ClassVar = TRAITS


class Visit(msgspec.Struct, kw_only=True):
    """What happened in one visit, the newest first."""

    id: str
    began: int
    ended: int
    moments: list[PageView | EventView]


class VisitorPage(msgspec.Struct, frozen=True, kw_only=True):
    """One visitor."""

    visitor: VisitorView
    visits: list[Visit]
    talks: list[listing.Row]
    """Their conversations, run by run."""
    transcripts: list[str]
    """Conversations of which no run was traced."""
    now: int
    statuses: ClassVar = listing.STATUSES


def load(conn: Connection, org_id: str, asked: Asked, *, now: int) -> VisitorsView:
    """A piece of the list, who was here last first."""
    found = visitor_lists.page(
        conn, org_id, text=asked.text, before=asked.before or None, limit=ROWS
    )
    return VisitorsView(
        rows=found.items,
        asked=asked,
        now=now,
        newer=asked.address("") if asked.before else None,
        older=None if found.next is None else asked.address(found.next),
    )


def load_one(conn: Connection, org_id: str, visitor: str, *, now: int) -> VisitorPage:
    """All that is kept of a visitor."""
    found = visitors.whole(conn, org_id, visitor)
    if found is None:
        raise DuologueError("visitor_not_found", visitor=visitor)
    theirs = TraceFilter(visitor_id=visitor)
    talks = lately.rows(conn, org_id, theirs, limit=LAST, now=now)
    traced = {each.trace.conversation_id for each in talks}
    return VisitorPage(
        visitor=found,
        visits=_visits(found),
        talks=talks,
        transcripts=[each for each in found.conversations if each not in traced][:LAST],
        now=now,
    )


def _visits(found: VisitorView) -> list[Visit]:
    """Pages and events by their visit; in each, what was last stands first."""
    made: dict[str, Visit] = {}
    moments: list[PageView | EventView] = [*found.pages, *found.events]
    for each in sorted(moments, key=lambda one: (one.at, one.id), reverse=True):
        visit = made.setdefault(
            each.visit, Visit(id=each.visit, began=each.at, ended=each.at, moments=[])
        )
        visit.began = min(visit.began, each.at)
        visit.moments.append(each)
    return list(made.values())
