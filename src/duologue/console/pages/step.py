"""A step's page: all that was told of one span."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from duologue.console.pages import words
from duologue.errors import DuologueError
from duologue.store import console_lists, trace_lists
from duologue.store.trace_records import Trace
from duologue.wire.traces import Span

VALUE: Final = 4000
"""Characters of a value that the page shows; all of it is in the JSON."""


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a conversation, with all that was told of it."""

    trace: Trace
    base: str
    span: Span
    at: str
    took: str
    attributes: list[tuple[str, str]]
    events: list[tuple[str, str]]
    shown_until: int | None = None


def address(run: str) -> str:
    """Where the signed-in find a conversation."""
    return f"/console/traces/{run}"


def load(
    conn: Connection,
    org_id: str,
    run: str,
    span_id: str,
    *,
    base: str = "",
    shown_until: int | None = None,
) -> SpanView:
    """A step with its attributes."""
    trace = trace_of(conn, org_id, run)
    span = console_lists.span_of(conn, org_id, run, span_id)
    if span is None:
        raise DuologueError("trace_not_found", trace=f"{run}/{span_id}")
    took = words.delay((span.end_ns - span.start_ns) / 1e6) if span.end_ns else "not ended"
    return SpanView(
        trace=trace,
        base=base or address(run),
        shown_until=shown_until,
        span=span,
        at=words.span((span.start_ns - trace.started_at * 1_000_000) / 1e6),
        took=took,
        attributes=[(name, readable(value)) for name, value in span.attributes.items()],
        events=[(str(each.get("name", "")), readable(each)) for each in span.events],
    )


def readable(value: Any) -> str:
    """A value as a person reads it: text as it is, JSON within text laid out."""
    if isinstance(value, str):
        if not value.startswith(("{", "[")):
            return words.clip(value, VALUE)
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return words.clip(value, VALUE)
    return words.clip(msgspec.json.format(msgspec.json.encode(value), indent=2).decode(), VALUE)


def trace_of(conn: Connection, org_id: str, run: str) -> Trace:
    """The organization's trace of that id; that there is none is an error."""
    found = trace_lists.get(conn, org_id, run)
    if found is None:
        raise DuologueError("trace_not_found", trace=run)
    return found
