"""The last conversations of somebody, run by run, as the list of all conversations has them."""

from __future__ import annotations

from sqlalchemy import Connection

from duologue.console.pages.listing import Row, lasted
from duologue.store import console_lists, trace_lists
from duologue.store.trace_records import TraceFilter


def rows(conn: Connection, org_id: str, filters: TraceFilter, *, limit: int, now: int) -> list[Row]:
    """So many of those that pass, the newest first."""
    page = trace_lists.page(conn, org_id, filters=filters, limit=limit)
    said = console_lists.first_words(conn, org_id, [each.id for each in page.items])
    return [
        Row(trace=each, words=said.get(each.id, ""), milliseconds=lasted(each, now))
        for each in page.items
    ]
