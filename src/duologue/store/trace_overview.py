"""How agents did over a time: counts, and how long callers waited, as plots show it.

Counts are exact: lists' own index holds them. Delays are read turn by turn, of all turns where
there are few, else of every n-th trace: the answer says how many turns it rests on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, case, func, select

from duologue.errors import DuologueError
from duologue.store.statements import Statement
from duologue.store.trace_tables import traces, turns

READ: Final = 6_000
"""Turns that are read for delays, about; of so many, sixty exceed the 99th percentile."""
MOST_BUCKETS: Final = 400
PARTS: Final = ("e2e", "eou", "stt", "llm", "tts", "transport")
REST: Final = "unexplained"
"""What none of the parts explains of a whole delay."""

_of = traces.c
_COUNTED: Final = ("turns", "interrupted", "unanswered", "errors", "tool_errors", "cost_micros")


class Counts(msgspec.Struct, frozen=True):
    """How often what happened."""

    traces: int = 0
    turns: int = 0
    interrupted: int = 0
    unanswered: int = 0
    errors: int = 0
    tool_errors: int = 0
    cost_micros: int = 0
    spent_ms: int = 0
    """How long the traces took that ended."""
    lost: int = 0
    """How many of them fell silent."""


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """How long a part took, in milliseconds."""

    p50: float
    p95: float
    p99: float
    turns: int
    """How many turns it was read from."""


class Bucket(msgspec.Struct, kw_only=True):
    """A piece of the time, from `at` on."""

    at: int
    counts: Counts
    delays: dict[str, Delay]
    """By part: `e2e`, `eou`, `stt`, `llm`, `tts`, `transport`, `unexplained`; none of what nobody
    measured."""


class Overview(msgspec.Struct, kw_only=True):
    """A time as a whole, piece by piece, and agent by agent."""

    since: int
    until: int
    step: int
    every: int
    """Delays were read from every such trace."""
    counts: Counts
    delays: dict[str, Delay]
    buckets: list[Bucket]
    agents: dict[str, Counts]


def overview(
    conn: Connection,
    org_id: str,
    *,
    since: int,
    until: int,
    buckets: int = 48,
    agent: str | None = None,
) -> Overview:
    """What began between the two times, in that many pieces."""
    if until <= since or not 1 <= buckets <= MOST_BUCKETS:
        reason = f"an overview needs since before until, and 1 to {MOST_BUCKETS} buckets"
        raise DuologueError("bad_request", reason=reason)
    step = -(-(until - since) // buckets)
    which = [_of.org_id == org_id, _of.started_at >= since, _of.started_at < until]
    if agent is not None:
        which.append(_of.agent == agent)
    made = Overview(
        since=since,
        until=until,
        step=step,
        every=1,
        counts=Counts(),
        delays={},
        buckets=[Bucket(at=at, counts=Counts(), delays={}) for at in range(since, until, step)],
        agents={},
    )
    piece = (_of.started_at - since) // step
    _count(conn, made, piece, which)
    made.every = max(1, -(-made.counts.turns // READ))
    _measure(conn, made, piece, which)
    return made


def _count(conn: Connection, made: Overview, piece: Any, which: Iterable[Any]) -> None:
    spent = func.coalesce(_of.ended_at, _of.started_at) - _of.started_at
    shown = (_of.agent, piece.label("piece"), func.count())
    sums = [func.sum(_of[name]) for name in _COUNTED]
    all_ = select(*shown, *sums, func.sum(spent)).where(*which).group_by(_of.agent, "piece")
    # Apart: few are lost, and to look at each one's status takes a quarter of the time.
    lost = select(*shown).where(*which, _of.status == "lost").group_by(_of.agent, "piece")
    gone = {row[:2]: row[2] for row in map(tuple, Statement(lost)(conn).fetchall())}
    whole = _Sums()
    pieces: dict[int, _Sums] = {}
    agents: dict[str, _Sums] = {}
    for agent, number, *counted in Statement(all_)(conn).fetchall():
        row = [*(int(each or 0) for each in counted), gone.get((agent, number), 0)]
        for sums_of in (
            whole,
            pieces.setdefault(number, _Sums()),
            agents.setdefault(agent, _Sums()),
        ):
            sums_of.add(row)
    made.counts = whole.counts()
    made.agents = {name: each.counts() for name, each in agents.items()}
    for number, each in pieces.items():
        made.buckets[number].counts = each.counts()


class _Sums:
    """Sums in the order of the fields of `Counts`."""

    def __init__(self) -> None:
        self._row = [0] * len(Counts.__struct_fields__)

    def add(self, row: Sequence[int]) -> None:
        self._row = [a + b for a, b in zip(self._row, row, strict=True)]

    def counts(self) -> Counts:
        return Counts(*self._row)


def _measure(conn: Connection, made: Overview, piece: Any, which: Iterable[Any]) -> None:
    some = [_of.seq % made.every == 0] if made.every > 1 else []
    read = (
        select(piece, *(turns.c[f"{name}_ms"] for name in PARTS), _unexplained())
        .join_from(traces, turns, turns.c.trace_seq == _of.seq)
        .where(*which, *some)
    )
    rows = Statement(read)(conn).fetchall()
    if not rows:
        return
    places, *columns = zip(*rows, strict=True)
    for name, column in zip((*PARTS, REST), columns, strict=True):
        pieces: dict[int, list[float]] = {}
        for place, value in zip(places, column, strict=True):
            if value is not None:
                pieces.setdefault(place, []).append(value)
        for place, found in pieces.items():
            made.buckets[place].delays[name] = _delay(found)
        if pieces:
            made.delays[name] = _delay(list(itertools.chain(*pieces.values())))


def _unexplained() -> Any:
    """As the ledger has it: transcript and early thoughts come within the wait for the end."""
    told = turns.c
    e2e, early, eou, stt, llm, *parts = (
        told.e2e_ms,
        *(func.coalesce(told[f"{name}_ms"], 0.0) for name in ("early", *PARTS[1:])),
    )
    thought = case((llm > early, llm - early), else_=0.0)
    spare = e2e - case((stt > eou, stt), else_=eou) - thought - sum(parts)
    return case((e2e.is_(None), None), (spare > 0, spare), else_=0.0)


def _delay(values: list[float]) -> Delay:
    """The percentiles: the least value that so many of a hundred do not exceed."""
    values.sort()
    cuts = (values[-(-len(values) * cut // 100) - 1] for cut in (50, 95, 99))
    p50, p95, p99 = cuts
    return Delay(p50=p50, p95=p95, p99=p99, turns=len(values))
