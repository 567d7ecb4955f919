"""What a list says of a trace without reading its turns: counted from them at every writing.

Counted anew and not added up: a turn is told several times, as its delays become known. One
statement reads the turns of one trace, which lie together.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, literal_column, or_, select, update

from duologue.store.statements import Statement
from duologue.store.trace_tables import spans, traces, turns

_turn = turns.c
asked = or_(_turn.spoken, _turn.user_text != "")
answered = or_(_turn.agent_text != "", _turn.e2e_ms.is_not(None), _turn.played_s.is_not(None))
unanswered = and_(asked, ~answered)
"""Turns in which the user said something and the agent nothing; texts may not be kept."""

# The word is written out, or the index of broken spans would not be used.
_broken = spans.c.kind == literal_column("'error'")
_apart = (
    select(func.count())
    .select_from(spans)
    .where(spans.c.trace_seq == bindparam("wanted"), _broken, spans.c.turn < 0)
)
_sums = Statement(
    select(
        func.count(),
        func.count().filter(_turn.interrupted),
        func.count().filter(unanswered),
        func.coalesce(func.sum(_turn.errors), 0) + _apart.scalar_subquery(),
        func.coalesce(func.sum(_turn.tool_errors), 0),
        func.coalesce(func.sum(_turn.cost_micros), 0),
        func.max(_turn.e2e_ms),
    ).where(_turn.trace_seq == bindparam("wanted"))
)
_of = traces.c
_note = Statement(
    update(traces)
    .where(_of.seq == bindparam("wanted"))
    .values(
        turns=bindparam("counted"),
        interrupted=bindparam("cut"),
        unanswered=bindparam("open"),
        errors=bindparam("wrong"),
        tool_errors=bindparam("failed"),
        cost_micros=bindparam("cost"),
        e2e_max_ms=bindparam("slowest"),
    )
)
_at: Any = bindparam("at")
_seen = Statement(
    update(traces)
    .where(_of.seq == bindparam("wanted"))
    .values(
        last_seen_at=case((_of.last_seen_at > _at, _of.last_seen_at), else_=_at),
        bytes=_of.bytes + bindparam("more"),
    )
)


def count(conn: Connection, seq: int, told_cost: int | None) -> None:
    """Counts the turns of a trace; its cost is what its source told, else what they cost."""
    *sums, slowest = _sums(conn, wanted=seq).fetchone()
    counted, cut, left, wrong, failed, cost = (int(each) for each in sums)
    _note(
        conn,
        wanted=seq,
        counted=counted,
        cut=cut,
        open=left,
        wrong=wrong,
        failed=failed,
        cost=cost if told_cost is None else told_cost,
        slowest=slowest,
    )


def seen(conn: Connection, seq: int, now: int, more: int) -> None:
    """Notes that something was told of a trace just now, and by how many bytes it grew."""
    _seen(conn, wanted=seq, at=now, more=more)
