"""What is told of runs is kept here, in any order and as often as it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    Connection,
    Text,
    and_,
    any_,
    bindparam,
    delete,
    func,
    not_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from duologue.errors import DuologueError
from duologue.store import conversations, trace_counts
from duologue.store.records import as_json
from duologue.store.statements import Statement
from duologue.store.trace_counts import Counts
from duologue.store.trace_facts import Facts, legible
from duologue.store.trace_records import LogRow, SpanRow, TraceEntry, TraceRow, TurnRow
from duologue.store.trace_tables import logs, spans, traces, turns

RUN: Final = "run_"
"""What makes a run's id of a trace's."""
MOST_TURNS: Final = 1_048_576
"""Turns that a trace may have: in the index of words, its number and theirs are one number."""
NO_TALKS: Final[Mapping[str, str]] = MappingProxyType({})
"""When all traces stay for themselves."""
LEAST: Final = 100
"""Bytes that a span or a line takes beside its texts, about."""

_of = traces.c
_FACTS: Final = Facts.__struct_fields__
_this = (_of.org_id == bindparam("org"), _of.id == bindparam("wanted"))
_TOLD: Final[dict[str, Any]] = {name: bindparam(f"to_{name}") for name in _FACTS}
_fresh = {
    "org_id": bindparam("org"),
    "id": bindparam("wanted"),
    "last_seen_at": bindparam("at"),
    "has_recording": False,
}
_make = Statement(
    *(
        insert(traces)
        .values(_fresh | _TOLD)
        .on_conflict_do_nothing(index_elements=["org_id", "id"])
        for insert in (sqlite.insert, postgresql.insert)
    )
)
_lock = Statement(select(_of.seq, *(_of[name] for name in _FACTS)).where(*_this).with_for_update())
_state = Statement(update(traces).where(_of.seq == bindparam("wanted")).values(_TOLD))
_known = select(spans.c.span_id, spans.c.end_ns, spans.c.size).where(
    spans.c.trace_seq == bindparam("wanted")
)
_listed = func.json_each(bindparam("ids")).table_valued("value")
_sizes = Statement(
    _known.where(spans.c.span_id.in_(select(_listed.c.value))),
    _known.where(spans.c.span_id == any_(bindparam("ids", type_=ARRAY(Text)))),
)


def _upsert(table: Any, insert: Any) -> Any:
    made = insert(table)
    keys = [each.name for each in table.primary_key]
    new = {each.name: made.excluded[each.name] for each in table.c if each.name not in keys}
    where = None
    if table is turns:  # a copy of how a turn was before it ended may come late: it changes nothing
        begun = table.c.started_ns == made.excluded.started_ns
        where = not_(and_(table.c.ended_ns > 0, made.excluded.ended_ns == 0, begun))
    return made.on_conflict_do_update(index_elements=keys, set_=new, where=where)


_put_spans = Statement(_upsert(spans, sqlite.insert), _upsert(spans, postgresql.insert))
_put_turns = Statement(_upsert(turns, sqlite.insert), _upsert(turns, postgresql.insert))
_cut_turns = Statement(
    delete(turns).where(
        turns.c.trace_seq == bindparam("wanted"), turns.c.number >= bindparam("kept")
    )
)
_put_log = Statement(
    *(insert(logs).on_conflict_do_nothing() for insert in (sqlite.insert, postgresql.insert))
)


class _Told(msgspec.Struct):
    """What one writing tells of one trace; of what is told twice, the last."""

    facts: list[TraceRow] = []
    spans: dict[str, SpanRow] = {}
    turns: dict[int, TurnRow] = {}
    logs: dict[str, LogRow] = {}

    def add(self, row: TraceEntry) -> None:
        match row:
            case TraceRow():
                self.facts.append(row)
            case SpanRow():
                before = self.spans.get(row.id)
                if before is None or row.end_ns or not before.end_ns:
                    self.spans[row.id] = row
            case TurnRow():
                if not 0 <= row.index < MOST_TURNS:
                    reason = f"a turn's index is 0 to {MOST_TURNS - 1}, not {row.index}"
                    raise DuologueError("bad_request", reason=reason)
                self.turns[row.index] = row
            case LogRow():
                self.logs[row.id] = row

    def first_ns(self) -> int:
        """When the first of it happened; 0 where nothing has a time."""
        times = [row.started_ns or 0 for row in self.facts]
        times += [row.start_ns for row in self.spans.values()]
        times += [row.started_ns for row in self.turns.values()]
        times += [row.at_ns for row in self.logs.values()]
        return min((each for each in times if each > 0), default=0)


def put(
    conn: Connection,
    org_id: str,
    rows: Iterable[TraceEntry],
    now: int,
    talks: Mapping[str, str] = NO_TALKS,
) -> None:
    """Keeps all of it in one unit; a trace is made by whatever is told of it first.

    Traces are touched in one order everywhere, so that two writers never deadlock. `talks` are the
    conversations of those that stay only as long as these do: of one that was deleted, nothing is
    kept that was on its way.
    """
    told: dict[str, _Told] = {}
    for row in rows:
        told.setdefault(row.trace, _Told()).add(row)
    theirs = {trace: talks[trace] for trace in told if trace in talks}
    there = conversations.held(conn, org_id, set(theirs.values()))
    for trace in sorted(told):
        if trace in theirs and theirs[trace] not in there:
            continue
        _put(conn, org_id, RUN + trace, told[trace], now)


def seq_of(conn: Connection, org_id: str, id: str, now: int) -> int:  # noqa: A002
    """The number of a trace, which is made if nothing was told of it yet; its row is locked."""
    return _found(conn, org_id, id, now, now)[0]


def keep_turns(conn: Connection, org_id: str, id: str, count: int, now: int) -> None:  # noqa: A002
    """Leaves a trace its first turns: what looked like two may turn out to be one."""
    seq, facts = _found(conn, org_id, id, now, now)
    before = trace_counts.of_turns(conn, seq, count, MOST_TURNS)
    if before.turns:
        _cut_turns(conn, wanted=seq, kept=count)
        trace_counts.add(conn, seq, before, trace_counts.NONE, facts.told_cost_micros)


# ---------------------------------------------------------------- within


def _put(conn: Connection, org_id: str, id: str, told: _Told, now: int) -> None:  # noqa: A002
    first = told.first_ns()
    seq, facts = _found(conn, org_id, id, first // 1_000_000 or now, now)
    before = msgspec.structs.astuple(facts)
    facts.revive()
    facts.began(first)
    for row in told.facts:
        facts.hear(row, now)
    if msgspec.structs.astuple(facts) != before:
        _state(conn, wanted=seq, **_values(facts))
    counted = _counted(conn, seq, told)
    more = _write_spans(conn, seq, list(told.spans.values()))
    if told.turns:
        _put_turns.each(conn, [_turn(seq, row) for row in told.turns.values()])
    more += sum(_write_log(conn, seq, row) for row in told.logs.values())
    cost = facts.told_cost_micros
    if counted is not trace_counts.NONE or cost is not None:
        trace_counts.add(conn, seq, counted, _counted(conn, seq, told), cost)
    trace_counts.seen(conn, seq, now, more)


def _counted(conn: Connection, seq: int, told: _Told) -> Counts:
    """What the turns and errors come to that a writing may change, as they are now."""
    found = trace_counts.NONE
    if told.turns:
        found = trace_counts.of_turns(conn, seq, min(told.turns), max(told.turns))
    if any(row.kind == "error" for row in told.spans.values()):
        return trace_counts.together(found, trace_counts.of_errors(conn, seq))
    return found


def _found(
    conn: Connection,
    org_id: str,
    id: str,  # noqa: A002
    began: int,
    now: int,
) -> tuple[int, Facts]:
    row = _lock(conn, org=org_id, wanted=id).fetchone()
    if row is None:
        blank = _values(Facts(status="active", started_at=began))
        _make(conn, org=org_id, wanted=id, at=now, **blank)
        row = _lock(conn, org=org_id, wanted=id).fetchone()
    return row[0], Facts(*row[1:])


def _values(facts: Facts) -> dict[str, Any]:
    return {f"to_{name}": value for name, value in msgspec.structs.asdict(facts).items()}


def _write_spans(conn: Connection, seq: int, rows: Sequence[SpanRow]) -> int:
    """Writes them but those that are open in the telling only; returns how many bytes it grew."""
    if not rows:
        return 0
    ids = [row.id for row in rows]
    given = as_json(ids) if conn.dialect.name == "sqlite" else ids
    known = {row[0]: row[1:] for row in _sizes(conn, wanted=seq, ids=given).fetchall()}
    written = []
    more = 0
    for row in rows:
        ended, size = known.get(row.id, (0, 0))
        if ended and not row.end_ns:
            continue
        values = _span(seq, row)
        more += values["size"] - size
        written.append(values)
    if written:
        _put_spans.each(conn, written)
    return more


def _write_log(conn: Connection, seq: int, row: LogRow) -> int:
    """Writes a line that is not there yet; returns how many bytes it took."""
    words, attributes = legible(row.text), legible(row.attributes)
    written = _put_log(
        conn,
        trace_seq=seq,
        log_id=legible(row.id),
        at_ns=row.at_ns,
        level=legible(row.level),
        span_id=legible(row.span),
        logger=legible(row.logger),
        text=words,
        attributes=attributes,
    )
    return (LEAST + len(words) + len(attributes)) * max(0, written.rowcount)


def _span(seq: int, row: SpanRow) -> dict[str, Any]:
    attributes, events = legible(row.attributes), legible(row.events)
    return {
        "trace_seq": seq,
        "span_id": legible(row.id),
        "parent_id": legible(row.parent),
        "name": legible(row.name),
        "kind": row.kind,
        "start_ns": row.start_ns,
        "end_ns": row.end_ns,
        "status": row.status,
        "error": legible(row.error),
        "turn": row.turn,
        "size": LEAST + len(attributes) + len(events),
        "attributes": attributes,
        "events": events,
    }


def _turn(seq: int, row: TurnRow) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    del values["trace"]
    return values | {
        "trace_seq": seq,
        "number": values.pop("index"),
        "user_text": legible(row.user_text),
        "agent_text": legible(row.agent_text),
        "interruption": legible(row.interruption),
    }
