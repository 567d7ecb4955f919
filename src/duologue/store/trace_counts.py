"""What a list says of a trace without reading its turns: counted as they are written.

A turn is told several times, as its delays become known. So those that a writing touches are
counted before and after it, and the difference is added: a long conversation costs no more.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Double,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    update,
)

from duologue.store.statements import Statement
from duologue.store.trace_tables import spans, traces, turns

_turn = turns.c
asked = or_(_turn.spoken, _turn.user_text != "")
answered = or_(_turn.agent_text != "", _turn.e2e_ms.is_not(None), _turn.played_s.is_not(None))
unanswered = and_(asked, ~answered)
"""Turns in which the user said something and the agent nothing; texts may not be kept."""

# The word is written out, or the index of broken spans would not be used.
_broken = spans.c.kind == literal_column("'error'")
_apart = Statement(
    select(func.count())
    .select_from(spans)
    .where(spans.c.trace_seq == bindparam("wanted"), _broken, spans.c.turn < 0)
)
_sums = Statement(
    select(
        func.count(),
        func.count().filter(_turn.interrupted),
        func.count().filter(unanswered),
        func.coalesce(func.sum(_turn.errors), 0),
        func.coalesce(func.sum(_turn.tool_errors), 0),
        func.coalesce(func.sum(_turn.cost_micros), 0),
        func.max(_turn.e2e_ms),
    ).where(
        _turn.trace_seq == bindparam("wanted"),
        _turn.number >= bindparam("first"),
        _turn.number <= bindparam("last"),
    )
)
_of = traces.c
_was: Any = bindparam("was", type_=Double())
_is: Any = bindparam("now_is", type_=Double())
_told: Any = bindparam("told")
_slowest = (
    select(func.max(_turn.e2e_ms)).where(_turn.trace_seq == bindparam("wanted")).scalar_subquery()
)
_add = Statement(
    update(traces)
    .where(_of.seq == bindparam("wanted"))
    .values(
        turns=_of.turns + bindparam("counted"),
        interrupted=_of.interrupted + bindparam("cut"),
        unanswered=_of.unanswered + bindparam("open"),
        errors=_of.errors + bindparam("wrong"),
        tool_errors=_of.tool_errors + bindparam("failed"),
        cost_micros=case(
            (bindparam("by_source"), _told), else_=_of.cost_micros + bindparam("cost")
        ),
        e2e_max_ms=case(
            # The slowest was among them, and may be none any more.
            (and_(_was >= _of.e2e_max_ms, or_(_is.is_(None), _is < _was)), _slowest),
            (or_(_of.e2e_max_ms.is_(None), _is > _of.e2e_max_ms), _is),
            else_=_of.e2e_max_ms,
        ),
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


class Counts(NamedTuple):
    """What some turns of a trace come to, and the errors that lie in no turn."""

    turns: int
    interrupted: int
    unanswered: int
    errors: int
    tool_errors: int
    cost_micros: int
    slowest: float | None


NONE = Counts(0, 0, 0, 0, 0, 0, None)


def of_turns(conn: Connection, seq: int, first: int, last: int) -> Counts:
    """What the turns from one to another come to."""
    *sums, slowest = _sums(conn, wanted=seq, first=first, last=last).fetchone()
    counted, cut, left, wrong, failed, cost = (int(each) for each in sums)
    return Counts(counted, cut, left, wrong, failed, cost, slowest)


def of_errors(conn: Connection, seq: int) -> Counts:
    """The errors that lie in no turn."""
    return NONE._replace(errors=_apart(conn, wanted=seq).fetchone()[0])


def together(one: Counts, other: Counts) -> Counts:
    """Both; `other` has no turns."""
    return one._replace(errors=one.errors + other.errors)


def add(
    conn: Connection, seq: int, before: Counts, now: Counts, told_cost: int | None = None
) -> None:
    """Adds what turns became; the trace's cost is what its source told, else what they cost."""
    _add(
        conn,
        wanted=seq,
        counted=now.turns - before.turns,
        cut=now.interrupted - before.interrupted,
        open=now.unanswered - before.unanswered,
        wrong=now.errors - before.errors,
        failed=now.tool_errors - before.tool_errors,
        by_source=told_cost is not None,
        told=told_cost or 0,
        cost=now.cost_micros - before.cost_micros,
        was=before.slowest,
        now_is=now.slowest,
    )


def seen(conn: Connection, seq: int, now: int, more: int) -> None:
    """Notes that something was told of a trace just now, and by how many bytes it grew."""
    _seen(conn, wanted=seq, at=now, more=more)
