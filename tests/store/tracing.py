"""Rows of traces, for the tests of the store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select
from tests.store.world import NOW

from duologue.store.tables import traces as table
from duologue.store.trace_records import LogRow, SpanRow, TraceRow, TurnRow

TRACE = "0" * 31 + "1"
RUN = f"run_{TRACE}"
NS = NOW * 1_000_000


def told(trace: str = TRACE, **facts: Any) -> TraceRow:
    """What is known of a trace."""
    return TraceRow(trace=trace, **facts)


def span(number: int, trace: str = TRACE, **facts: Any) -> SpanRow:
    """A span that took a second."""
    known: dict[str, Any] = {"name": "llm_request", "start_ns": NS, "end_ns": NS + 10**9}
    return SpanRow(trace=trace, id=f"{number:016x}", **(known | facts))


def turn(index: int, trace: str = TRACE, **facts: Any) -> TurnRow:
    """A turn that began index seconds after the trace."""
    known: dict[str, Any] = {"started_ns": NS + index * 10**9, "user_text": "Hello."}
    return TurnRow(trace=trace, index=index, **(known | {"agent_text": "Good day."} | facts))


def line(number: int, trace: str = TRACE, **facts: Any) -> LogRow:
    """A logged line."""
    known: dict[str, Any] = {"at_ns": NS, "text": "connected"}
    return LogRow(trace=trace, id=f"{number:016x}", **(known | facts))


def row(conn: Connection, id: str = RUN) -> dict[str, Any]:  # noqa: A002
    """The row of a trace."""
    return dict(conn.execute(select(table).where(table.c.id == id)).mappings().one())
