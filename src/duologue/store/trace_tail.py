"""The end of a trace that grows: its last turns, and the steps and lines that they are made of.

However long a run is, what was told last changes its last turns only, and no more than these is
read and written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from duologue.store import trace_counts
from duologue.store.records import build
from duologue.store.statements import Statement
from duologue.store.trace_tables import logs, spans, turns
from duologue.wire.traces import Log, Span, Turn

AGAIN: Final = 3
"""Turns before the one that something happened in, which may be others by it."""
_NAMED: Final = {"id": "span_id", "parent": "parent_id", "span": "span_id", "index": "number"}


def _columns(table: Any, record: Any, **named: str) -> list[Any]:
    return [table.c[named.get(name, _NAMED.get(name, name))] for name in record.__struct_fields__]


_base = Statement(
    select(turns.c.number, turns.c.started_ns)
    .where(turns.c.trace_seq == bindparam("wanted"), turns.c.started_ns <= bindparam("at"))
    .order_by(turns.c.number.desc())
    .limit(AGAIN + 1)
)
_turns = Statement(
    select(*_columns(turns, Turn))
    .where(turns.c.trace_seq == bindparam("wanted"), turns.c.number >= bindparam("first"))
    .order_by(turns.c.number)
)
_spans = Statement(
    select(*_columns(spans, Span))
    .where(
        spans.c.trace_seq == bindparam("wanted"),
        spans.c.start_ns >= bindparam("since"),
        or_(spans.c.turn >= bindparam("first"), spans.c.turn < 0),
    )
    .order_by(spans.c.start_ns, spans.c.span_id)
)
_logs = Statement(
    select(*_columns(logs, Log, id="log_id"))
    .where(
        logs.c.trace_seq == bindparam("wanted"),
        logs.c.at_ns >= bindparam("since"),
        logs.c.logger == bindparam("by"),
    )
    .order_by(logs.c.at_ns, logs.c.log_id)
)
_place = Statement(
    update(spans)
    .where(and_(spans.c.trace_seq == bindparam("wanted"), spans.c.span_id == bindparam("step")))
    .values(turn=bindparam("to_turn"))
)


class Tail(NamedTuple):
    """The end of a trace, from a turn on."""

    first: int
    """The index of its first turn."""
    since_ns: int
    """When that began; 0 where it is the whole trace."""
    turns: list[Turn]
    spans: list[Span]
    logs: list[Log]


def read(conn: Connection, seq: int, at_ns: int, *, slack_ns: int, logger: str) -> Tail:
    """The end of a trace from some turns before a moment on, with the lines of that logger.

    A step that began up to `slack_ns` before its turn is found with it.
    """
    before = _base(conn, wanted=seq, at=at_ns).fetchall()
    first, started = before[-1] if len(before) > AGAIN else (0, 0)
    since = max(0, started - slack_ns)
    return Tail(
        first,
        started,
        [build(Turn, row) for row in _turns(conn, wanted=seq, first=first).fetchall()],
        [build(Span, row) for row in _spans(conn, wanted=seq, first=first, since=since).fetchall()],
        [build(Log, row) for row in _logs(conn, wanted=seq, since=started, by=logger).fetchall()],
    )


def place(conn: Connection, seq: int, steps: Sequence[tuple[str, int]]) -> None:
    """Notes which turns steps belong to; an error in a turn is counted there."""
    if steps:
        apart = trace_counts.of_errors(conn, seq)
        rows = [{"wanted": seq, "step": step, "to_turn": turn} for step, turn in steps]
        _place.each(conn, rows)
        trace_counts.add(conn, seq, apart, trace_counts.of_errors(conn, seq))
