"""A conversation's page: piece by piece, drawn to scale, with every word and every delay."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy import Connection

from duologue.console.pages import words
from duologue.console.pages.delays import PARTS, Bar, bars
from duologue.console.pages.lanes import KINDS, NAMES, Lane, Tick, lanes, ticks
from duologue.console.pages.listing import STATUSES, lasted
from duologue.errors import DuologueError
from duologue.store import console_lists, trace_lists
from duologue.store.trace_records import Trace
from duologue.wire.traces import Log, Span, Turn

AT_ONCE: Final = 20
"""Turns of one piece: a page stays small however long people talk."""
MARKS: Final = 160
LOGS: Final = 30
TEXT: Final = 500
"""Characters of a text that the page shows; all of it is in the JSON."""
VALUE: Final = 4000


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the transcript at a time: a turn with its bar, or a logged line."""

    at: str
    """Since the conversation began."""
    turn: Turn | None = None
    bar: Bar | None = None
    log: Log | None = None


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation."""

    trace: Trace
    now: int
    milliseconds: int
    lanes: list[Lane]
    ticks: list[Tick]
    moments: list[Moment]
    hidden: int
    """Lines of the log that are left out."""
    first: int
    last: int
    earlier: str | None
    later: str | None
    models: list[str]
    facts: list[tuple[str, str]]
    statuses: ClassVar = STATUSES
    parts: ClassVar = PARTS
    text: ClassVar = TEXT


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a conversation, with all that was told of it."""

    trace: Trace
    span: Span
    at: str
    took: str
    attributes: list[tuple[str, str]]
    events: list[tuple[str, str]]


def load(conn: Connection, org_id: str, run: str, *, after: int, now: int) -> TraceView:
    """The piece of a conversation that begins with the turn of that place."""
    trace = _trace(conn, org_id, run)
    turns = trace_lists.turns_of(conn, org_id, run)
    first = min(max(0, after), max(0, (len(turns) - 1) // AT_ONCE * AT_ONCE))
    shown = turns[first : first + AT_ONCE]
    rest = turns[first + AT_ONCE :]
    origin = trace.started_at * 1_000_000
    since = shown[0].started_ns if first and shown else origin
    until = rest[0].started_ns if rest else _end(trace, now)
    until = max(until, since + 1, *(turn.ended_ns for turn in shown[-1:]))
    steps = console_lists.marks(
        *(conn, org_id, run),
        since_ns=since,
        until_ns=until,
        kinds=KINDS,
        names=NAMES,
        limit=MARKS,
    )
    # What is logged before the first turn, or after the last, belongs to the piece beside it.
    logs = [
        log
        for log in trace_lists.logs_of(conn, org_id, run)
        if (not first or log.at_ns >= since) and (not rest or log.at_ns < until)
    ]
    lines = _weightiest(logs)
    base = f"/console/traces/{run}"
    return TraceView(
        trace=trace,
        now=now,
        milliseconds=lasted(trace, now),
        lanes=lanes(steps, shown, lines, since_ns=since, until_ns=until, run=run),
        ticks=ticks(since, until, origin),
        moments=_moments(shown, lines, origin),
        hidden=len(logs) - len(lines),
        first=first,
        last=first + len(shown),
        earlier=f"{base}?after={first - AT_ONCE}" if first else None,
        later=f"{base}?after={first + AT_ONCE}" if rest else None,
        models=[f"{each['provider']}/{each['model']}" for each in trace.usage if "model" in each],
        facts=_facts(trace),
    )


def load_span(conn: Connection, org_id: str, run: str, span_id: str) -> SpanView:
    """A step with its attributes."""
    trace = _trace(conn, org_id, run)
    span = console_lists.span_of(conn, org_id, run, span_id)
    if span is None:
        raise DuologueError("trace_not_found", trace=f"{run}/{span_id}")
    took = words.delay((span.end_ns - span.start_ns) / 1e6) if span.end_ns else "not ended"
    return SpanView(
        trace=trace,
        span=span,
        at=_since(span.start_ns, trace.started_at * 1_000_000),
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


# ---------------------------------------------------------------- within


def _trace(conn: Connection, org_id: str, run: str) -> Trace:
    found = trace_lists.get(conn, org_id, run)
    if found is None:
        raise DuologueError("trace_not_found", trace=run)
    return found


def _end(trace: Trace, now: int) -> int:
    return (trace.started_at + max(1, lasted(trace, now))) * 1_000_000


def _weightiest(logs: list[Log]) -> list[Log]:
    """The lines that are shown: errors and warnings before the rest, each at its time."""
    order = {"error": 0, "warning": 1, "info": 2}
    kept = sorted(logs, key=lambda log: (order.get(log.level, 3), log.at_ns))[:LOGS]
    return sorted(kept, key=lambda log: (log.at_ns, log.id))


def _moments(turns: list[Turn], logs: list[Log], origin: int) -> list[Moment]:
    timed = [
        (turn.started_ns, Moment(at=_since(turn.started_ns, origin), turn=turn, bar=bar))
        for turn, bar in zip(turns, bars(turns), strict=True)
    ]
    timed += [(log.at_ns, Moment(at=_since(log.at_ns, origin), log=log)) for log in logs]
    return [moment for _, moment in sorted(timed, key=lambda each: each[0])]


def _since(at_ns: int, origin: int) -> str:
    return words.span((at_ns - origin) / 1e6)


def _facts(trace: Trace) -> list[tuple[str, str]]:
    told = {
        "Agent": " ".join(filter(None, (trace.agent, trace.agent_version))),
        "Came by": trace.transport,
        "Told by": trace.source,
        "Ended": trace.reason.replace("_", " "),
        "Outcome": trace.outcome,
        "Tags": ", ".join(trace.tags),
        "Room": trace.room,
        "Conversation": trace.conversation_id or "",
        "Session": trace.session_id or "",
        "Visitor": trace.visitor_id or "",
        "Run": trace.id,
    }
    return [(name, value) for name, value in told.items() if value]
