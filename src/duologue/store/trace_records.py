"""What is told of runs: rows as they are handed in, and as they come back.

What is handed in bears the names of the ledger's entries, with JSON as text: the store need not
know the ledger, and what came as JSON is not read only to be written again. Steps, turns and lines
come back as the owners' API shows them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from duologue.store.records import holds
from duologue.wire.traces import Log, Span, Turn

TraceStatus = Literal["active", "complete", "failed", "cancelled", "terminated", "lost"]


class TraceRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run so far; none keeps what is there."""

    trace: str
    """32 hex digits: the run's id without its prefix."""
    source: str | None = None
    agent: str | None = None
    agent_version: str | None = None
    conversation_id: str | None = None
    session_id: str | None = None
    visitor_id: str | None = None
    room: str | None = None
    transport: str | None = None
    started_ns: int | None = None
    ended_ns: int | None = None
    status: TraceStatus | None = None
    reason: str | None = None
    outcome: str | None = None
    tags: list[str] | None = None
    """Added to those that are there."""
    usage: str | None = None
    """A JSON list."""
    cost_micros: int | None = None
    """What all of it cost; without it the costs of the turns are added."""
    dropped: int | None = None
    attributes: dict[str, Any] | None = None
    """Laid over those that are there."""


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A timed step; one that ended is never opened again."""

    trace: str
    id: str
    parent: str = ""
    name: str
    kind: str = "other"
    start_ns: int
    end_ns: int = 0
    status: str = "active"
    error: str = ""
    turn: int = -1
    attributes: str = "{}"
    events: str = "[]"


class TurnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A turn; it replaces the one of the same index."""

    trace: str
    index: int
    started_ns: int
    ended_ns: int = 0
    user_text: str = ""
    agent_text: str = ""
    spoken: bool = False
    interrupted: bool = False
    interruption: str = ""
    eou_ms: float | None = None
    stt_ms: float | None = None
    llm_ms: float | None = None
    early_ms: float | None = None
    tts_ms: float | None = None
    transport_ms: float | None = None
    e2e_ms: float | None = None
    played_s: float | None = None
    tools: int = 0
    tool_errors: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    confidence: float | None = None


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was logged; one of the same id is there already."""

    trace: str
    id: str
    at_ns: int
    level: str = "info"
    text: str
    span: str = ""
    logger: str = ""
    attributes: str = "{}"


TraceEntry = TraceRow | SpanRow | TurnRow | LogRow


class Trace(msgspec.Struct, frozen=True):
    """A trace as lists show it; times are milliseconds."""

    id: str
    """The run's id: `run_` and the trace."""
    org_id: str
    source: str
    agent: str
    agent_version: str
    conversation_id: str | None
    session_id: str | None
    visitor_id: str | None
    room: str
    transport: str
    status: TraceStatus
    reason: str
    outcome: str
    started_at: int
    ended_at: int | None
    last_seen_at: int
    """When something was last told of it, by our own clock."""
    turns: int
    interrupted: int
    """How many of its turns were interrupted."""
    unanswered: int
    """How many of its turns the agent did not answer."""
    errors: int
    tool_errors: int
    e2e_max_ms: float | None
    """Its slowest answer."""
    cost_micros: int
    dropped: int
    """How many entries were lost on the way here."""
    bytes: int
    has_recording: bool
    tags: list[str]
    usage: list[dict[str, Any]]
    attributes: dict[str, Any]


class TraceFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which traces a list holds; what is none lets all through."""

    agent: str | None = None
    status: TraceStatus | None = None
    outcome: str | None = None
    source: str | None = None
    conversation_id: str | None = None
    session_id: str | None = None
    visitor_id: str | None = None
    live: bool | None = None
    error: bool | None = None
    """Whether anything went wrong: in a turn, in a tool, or with the whole."""
    interrupted: bool | None = None
    unanswered: bool | None = None
    slow_ms: float | None = None
    """Its slowest answer took at least so long."""
    min_cost_micros: int | None = None
    since: int | None = None
    """It began then or later, in milliseconds."""
    until: int | None = None
    """It began before then."""
    text: str | None = None
    """Words that were all said in it; a word with a star at its end is how one begins."""


holds(Trace, json=("tags", "usage", "attributes"), flags=("has_recording",))
holds(Span, json=("attributes", "events"))
holds(Turn, json=(), flags=("spoken", "interrupted"))
holds(Log, json=("attributes",))
