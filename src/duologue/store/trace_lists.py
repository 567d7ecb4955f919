"""Reading what was told of runs: lists of traces, and all of one trace."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import Connection, bindparam, literal_column, not_, or_, select, tuple_

from duologue.errors import DuologueError
from duologue.store import trace_words
from duologue.store.records import Page, build
from duologue.store.statements import Statement
from duologue.store.trace_deletion import of_session
from duologue.store.trace_records import Trace, TraceFilter
from duologue.store.trace_tables import logs, spans, traces, turns
from duologue.wire.traces import Log, Span, Turn

_of = traces.c
_NAMED: Final = {"span_id": "id", "parent_id": "parent", "log_id": "id", "number": "index"}
"""Columns that are called otherwise in records."""
_EQUAL: Final = ("agent", "outcome", "source", "status")
_LINKED: Final = ("conversation_id", "visitor_id")
_CURSOR: Final = re.compile(r"(\d{1,18})\.(run_\S+)")
_shown = [_of[name] for name in Trace.__struct_fields__]
_get = Statement(
    select(*_shown).where(_of.org_id == bindparam("org"), _of.id == bindparam("wanted"))
)


def _all(table: Any, record: Any, *order: str, bare: bool = False) -> Statement:
    """All rows of a trace, in that order; bare ones without their attributes."""
    by_name = {_NAMED.get(each.name, each.name): each for each in table.c}
    if table is logs:  # it names its span, beside itself
        by_name |= {"id": logs.c.log_id, "span": logs.c.span_id}
    if bare:
        by_name["attributes"] = literal_column("'{}'")
    return Statement(
        select(*(by_name[name] for name in record.__struct_fields__))
        .join_from(table, traces, traces.c.seq == table.c.trace_seq)
        .where(_of.org_id == bindparam("org"), _of.id == bindparam("wanted"))
        .order_by(*(table.c[name] for name in order))
    )


_spans = _all(spans, Span, "start_ns", "span_id")
_turns = _all(turns, Turn, "number")
_logs = _all(logs, Log, "at_ns", "log_id")
_lines = _all(logs, Log, "at_ns", "log_id", bare=True)


def get(conn: Connection, org_id: str, id: str) -> Trace | None:  # noqa: A002
    """The organization's trace of that run's id."""
    row = _get(conn, org=org_id, wanted=id).fetchone()
    return None if row is None else build(Trace, row)


def spans_of(conn: Connection, org_id: str, id: str) -> list[Span]:  # noqa: A002
    """The spans of a trace, in the order in which they began."""
    return [build(Span, row) for row in _spans(conn, org=org_id, wanted=id).fetchall()]


def turns_of(conn: Connection, org_id: str, id: str) -> list[Turn]:  # noqa: A002
    """The turns of a trace."""
    return [build(Turn, row) for row in _turns(conn, org=org_id, wanted=id).fetchall()]


def logs_of(conn: Connection, org_id: str, id: str) -> list[Log]:  # noqa: A002
    """What was logged during a trace."""
    return [build(Log, row) for row in _logs(conn, org=org_id, wanted=id).fetchall()]


def lines_of(conn: Connection, org_id: str, id: str) -> list[Log]:  # noqa: A002
    """The same without what was logged along, which nobody reads who only looks at the lines."""
    return [build(Log, row) for row in _lines(conn, org=org_id, wanted=id).fetchall()]


def page(
    conn: Connection,
    org_id: str,
    *,
    filters: TraceFilter | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Trace]:
    """Traces from the newest on, or from behind the cursor `before`."""
    query = select(*_shown).where(_of.org_id == org_id)
    if filters is not None:
        query = query.where(*conditions(conn, filters))
    if before is not None:
        query = query.where(tuple_(_of.started_at, _of.id) < tuple_(*_place(before)))
    order = (_of.started_at.desc(), _of.id.desc())
    rows = conn.execute(query.order_by(*order).limit(limit + 1)).fetchall()
    items = [build(Trace, row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items, None if last is None else f"{last.started_at}.{last.id}")


def conditions(conn: Connection, filters: TraceFilter) -> list[Any]:
    """What a trace must fulfil to pass the filters."""
    found: list[Any] = []
    for name in (*_EQUAL, *_LINKED):
        value = getattr(filters, name)
        if value is not None:
            found.append(_of[name] == value)
    if filters.session_id is not None:
        found.append(of_session(filters.session_id))
    bad = or_(_of.errors > 0, _of.tool_errors > 0, _of.status == "failed")
    flags = {
        "live": _of.status == "active",
        "error": bad,
        "interrupted": _of.interrupted > 0,
        "unanswered": _of.unanswered > 0,
    }
    for name, condition in flags.items():
        value = getattr(filters, name)
        if value is not None:
            found.append(condition if value else not_(condition))
    least = {
        "slow_ms": _of.e2e_max_ms,
        "min_cost_micros": _of.cost_micros,
        "since": _of.started_at,
    }
    found += [
        column >= getattr(filters, name)
        for name, column in least.items()
        if getattr(filters, name) is not None
    ]
    if filters.until is not None:
        found.append(_of.started_at < filters.until)
    if filters.text is not None and filters.text.strip():
        found += trace_words.conditions(conn, filters.text)
    return found


def _place(cursor: str) -> tuple[int, str]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        reason = f"before={cursor!r} is not the `next` of this list"
        raise DuologueError("bad_request", reason=reason)
    return int(match[1]), match[2]
