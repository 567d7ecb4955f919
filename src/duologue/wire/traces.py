"""The owners' API of traces: what happened in a run, turn by turn and step by step."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

import msgspec


class TraceView(msgspec.Struct, kw_only=True):
    """A trace without its turns; times are UTC milliseconds."""

    id: str
    """The id of its run."""
    source: str
    agent: str
    agent_version: str
    conversation_id: str | None
    session_id: str | None
    visitor_id: str | None
    room: str
    transport: str
    status: str
    """`active`, `complete`, `failed`, `cancelled`, `terminated`, or `lost` where it fell silent."""
    reason: str
    outcome: str
    started_at: int
    ended_at: int | None
    last_seen_at: int
    turns: int
    interrupted: int
    unanswered: int
    errors: int
    tool_errors: int
    e2e_max_ms: float | None
    cost_micros: int
    dropped: int
    """How many spans, turns and lines were lost on the way here."""
    bytes: int
    has_recording: bool
    tags: list[str]
    usage: list[dict[str, Any]]
    attributes: dict[str, Any]


class Turn(msgspec.Struct, frozen=True):
    """What was said and answered once; times are unix nanoseconds, delays milliseconds."""

    index: int
    started_ns: int
    ended_ns: int
    user_text: str
    agent_text: str
    spoken: bool
    interrupted: bool
    interruption: str
    eou_ms: float | None
    stt_ms: float | None
    llm_ms: float | None
    early_ms: float | None
    """How much of `llm_ms` lay within `eou_ms`: the model was asked early."""
    tts_ms: float | None
    transport_ms: float | None
    e2e_ms: float | None
    played_s: float | None
    tools: int
    tool_errors: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_micros: int
    confidence: float | None


class AnsweredTurn(Turn, frozen=True):
    """A turn, and whose answer it was."""

    person: str = ""
    """Who answered in the agent's place: their name, or nothing where the agent did."""


class Span(msgspec.Struct, frozen=True):
    """A timed step; times are unix nanoseconds, `end_ns` is 0 while it is open."""

    id: str
    parent: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    status: str
    error: str
    turn: int
    attributes: dict[str, Any]
    events: list[dict[str, Any]]


class Log(msgspec.Struct, frozen=True):
    """A line that was logged."""

    id: str
    at_ns: int
    level: str
    text: str
    span: str
    logger: str
    attributes: dict[str, Any]


class RecordingView(msgspec.Struct, kw_only=True):
    """A recording, without its sound."""

    id: str
    state: str
    format: str
    started_ns: int
    duration_ms: int
    bytes: int


class RecordingList(msgspec.Struct, kw_only=True):
    """The recordings of a trace, in the order in which they began."""

    items: list[RecordingView]


class WholeTrace(TraceView, kw_only=True):
    """A trace with all that was told of it; `turns` is how many there are."""

    turn_list: list[AnsweredTurn]
    spans: list[Span]
    logs: list[Log]
    recordings: list[RecordingView]


class TraceList(msgspec.Struct, kw_only=True):
    """A piece of the list, newest first; `next` is the cursor of the following piece."""

    items: list[TraceView]
    next: str | None


class TraceExport(msgspec.Struct, kw_only=True):
    """Whole traces, newest first; `next` is the cursor of the following piece."""

    items: list[WholeTrace]
    next: str | None


class CountsView(msgspec.Struct, kw_only=True):
    """How often what happened."""

    traces: int
    turns: int
    interrupted: int
    unanswered: int
    errors: int
    tool_errors: int
    cost_micros: int
    spent_ms: int
    """How long the traces took that ended."""
    lost: int
    """How many of them fell silent."""


class DelayView(msgspec.Struct, kw_only=True):
    """How long a part took, in milliseconds, and of how many turns that was read."""

    p50: float
    p95: float
    p99: float
    turns: int


class BucketView(msgspec.Struct, kw_only=True):
    """A piece of the time, from `at` on."""

    at: int
    counts: CountsView
    delays: dict[str, DelayView]


class OverviewView(msgspec.Struct, kw_only=True):
    """A time as a whole, piece by piece, and agent by agent."""

    since: int
    until: int
    step: int
    every: int
    """Delays were read from every such trace: of a long time, not all turns are."""
    counts: CountsView
    delays: dict[str, DelayView]
    """By part: `e2e`, `eou`, `stt`, `llm`, `tts`, `transport`, `unexplained`; none of what nobody
    measured."""
    buckets: list[BucketView]
    agents: dict[str, CountsView]


OF_TRACE: Final = (
    *("id", "agent", "source", "conversation_id", "session_id", "visitor_id", "status"),
    *("outcome", "started_at", "ended_at"),
)
OF_TURN: Final = AnsweredTurn.__struct_fields__
_ORDERS: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would carry out: callers say what stands in them."""


def as_csv(traces: Iterable[WholeTrace], *, titled: bool = True) -> str:
    """A line a turn, with the facts of its trace before it; a trace without turns has one line.

    Above them stands what each column is; a sheet that goes on needs that no second time.
    """
    text = io.StringIO()
    lines = csv.writer(text)
    if titled:
        lines.writerow([*(f"trace_{name}" for name in OF_TRACE), *OF_TURN])
    for trace in traces:
        facts = [_cell(getattr(trace, name)) for name in OF_TRACE]
        for turn in trace.turn_list:
            lines.writerow([*facts, *(_cell(getattr(turn, name)) for name in OF_TURN)])
        if not trace.turn_list:
            lines.writerow([*facts, *("" for _ in OF_TURN)])
    return text.getvalue()


def _cell(value: object) -> object:
    """The value as a cell that no spreadsheet takes for an order."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_ORDERS) else value
