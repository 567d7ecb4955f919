"""The figures that rules look at: of what happened within their window, and not before."""

from __future__ import annotations

from typing import Any, Final, assert_never

from sqlalchemy import Connection, and_, case, func, or_, select

from duologue.store.alerts import Measured
from duologue.store.trace_counts import unanswered
from duologue.store.trace_deletion import LOST_MS, QUIET, QUIET_MS
from duologue.store.trace_tables import traces, turns
from duologue.wire.alerts import Measure

LONGEST_MS: Final = 86_400_000
"""How long before the window a conversation may have begun whose turns are within it."""
UNFINISHED_MS: Final = 60_000
"""How long a turn that has not ended may still be answered."""

_of = traces.c
_turn = turns.c


def measure(
    conn: Connection, org_id: str, what: Measure, agent: str, *, since: int, until: int
) -> Measured:
    """What a measure is between two times; of one agent, or of all where none is named."""
    which = [_of.org_id == org_id, _of.started_at < until]
    if agent:
        which.append(_of.agent == agent)
    match what:
        case "e2e_p95":
            return _p95(conn, which, since, until)
        case "error_rate":
            return _rate(conn, which, since, until, _turn.errors > 0)
        case "unanswered_rate":
            return _rate(conn, which, since, until, unanswered)
        case "interruption_rate":
            return _rate(conn, which, since, until, _turn.interrupted)
        case "tool_errors":
            return _sum(conn, _turns(which, since, until, _turn.tool_errors))
        case "failed":
            return _over(conn, which, since, what, _of.ended_at >= since)
        case "lost":
            return _over(conn, which, since, what, _marked(since))
        case "cost":
            spent = select((_of.cost_micros / 1e6).label("hit"))
            return _sum(conn, spent.where(*which, _of.started_at >= since))
        case _:
            assert_never(what)


def _turns(which: list[Any], since: int, until: int, *shown: Any) -> Any:
    """Turns that began within the window, but for those that go on just now."""
    over = or_(_turn.ended_ns > 0, _turn.started_ns < (until - UNFINISHED_MS) * 1_000_000)
    return (
        select(*(each.label("hit") for each in shown))
        .join_from(traces, turns, _turn.trace_seq == _of.seq)
        .where(
            *which,
            _of.started_at >= since - LONGEST_MS,
            _of.last_seen_at >= since,
            _turn.started_ns >= since * 1_000_000,
            _turn.started_ns < until * 1_000_000,
            over,
        )
    )


def _over(conn: Connection, which: list[Any], since: int, status: str, when: Any) -> Measured:
    """How many conversations were over so within the window."""
    begun = _of.started_at >= since - LONGEST_MS
    hit = case((and_(_of.status == status, when), 1), else_=0)
    return _sum(conn, select(hit.label("hit")).where(*which, begun))


def _marked(since: int) -> Any:
    """Whether a run was marked lost since then: it ended, as far as that is known, long before."""
    patient = and_(_of.source.in_(QUIET), _of.ended_at >= since - LOST_MS - QUIET_MS)
    return or_(_of.ended_at >= since - LOST_MS, patient)


def _rate(conn: Connection, which: list[Any], since: int, until: int, hit: Any) -> Measured:
    """How many of a hundred turns are such."""
    found = _turns(which, since, until, case((hit, 1), else_=0)).subquery()
    query = select(func.count(), func.coalesce(func.sum(found.c.hit), 0))
    count, hits = conn.execute(query).one()
    return Measured(None if not count else 100 * int(hits) / count, count)


def _sum(conn: Connection, found: Any) -> Measured:
    """How much it is together: of nothing it is zero, so that one that fired gets well."""
    rows = found.subquery()
    count, total = conn.execute(select(func.count(), func.coalesce(func.sum(rows.c.hit), 0))).one()
    return Measured(float(total), count)


def _p95(conn: Connection, which: list[Any], since: int, until: int) -> Measured:
    """The least delay that 95 of 100 answers do not exceed."""
    spoken = _turns([*which, _turn.e2e_ms.is_not(None)], since, until, _turn.e2e_ms)
    each = spoken.subquery()
    place = func.row_number().over(order_by=each.c.hit).label("place")
    ranked = select(each.c.hit, place, func.count().over().label("all")).subquery()
    least = (ranked.c.all * 95 + 99) // 100
    found = conn.execute(
        select(ranked.c.hit, ranked.c.all).where(ranked.c.place == least)
    ).one_or_none()
    return Measured(None, 0) if found is None else Measured(float(found[0]), int(found[1]))
