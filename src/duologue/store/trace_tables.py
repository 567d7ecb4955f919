"""The tables of what is told of runs; times in spans, turns and logs are unix nanoseconds.

Everything hangs on the number of its trace, which belongs to one organization: a row of another one
cannot be reached without that one's trace. Small columns stand before large ones, which SQLite
then need not read.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from duologue.store import columns
from duologue.store.columns import metadata

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""What both databases count up by themselves."""
ACTIVE = text("status = 'active'")
BROKEN = text("kind = 'error'")


def _trace(*, null: bool = False) -> Column[int]:
    return Column("trace_seq", BigInteger, ForeignKey("traces.seq"), nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _measure(name: str) -> Column[float]:
    return Column(name, Double)


traces = Table(
    "traces",
    metadata,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    columns.org(),
    # "run_" and the 32 hex digits of the trace: our own runs' ids, and made of foreign traces'.
    columns.text("id"),
    columns.text("source"),
    # The slug or the name that its source gave: agents of foreign workers have no row here.
    columns.text("agent"),
    columns.text("agent_version"),
    # No foreign keys: a trace may be told before its session is written, or come from elsewhere.
    columns.text("conversation_id", null=True),
    columns.text("session_id", null=True),
    columns.text("visitor_id", null=True),
    columns.text("room"),
    columns.text("transport"),
    columns.text("status"),
    columns.text("reason"),
    columns.text("outcome"),
    columns.time("started_at"),
    columns.time("ended_at", null=True),
    # By our own clock: sources' clocks differ.
    columns.time("last_seen_at"),
    # Counted from the turns at every writing, for lists.
    columns.count("turns"),
    columns.count("interrupted"),
    columns.count("unanswered"),
    columns.count("errors"),
    columns.count("tool_errors"),
    _measure("e2e_max_ms"),
    columns.count("cost_micros"),
    # What the source said that it cost; without it the turns' costs are added.
    Column("told_cost_micros", BigInteger),
    columns.count("dropped"),
    columns.count("bytes"),
    Column("has_recording", Boolean, nullable=False),
    columns.text("tags"),
    columns.text("usage"),
    columns.text("attributes"),
    UniqueConstraint("org_id", "id"),
    # Lists are walked along it; it holds what they are filtered by, so that rows are read only
    # when they are shown.
    Index(
        "ix_traces_listed",
        "org_id",
        "started_at",
        "id",
        "agent",
        "status",
        "outcome",
        "source",
        "ended_at",
        "turns",
        "interrupted",
        "unanswered",
        "errors",
        "tool_errors",
        "e2e_max_ms",
        "cost_micros",
        "bytes",
    ),
    Index("ix_traces_agent", "org_id", "agent", "started_at", "id"),
    Index("ix_traces_conversation", "org_id", "conversation_id", "started_at", "id"),
    Index("ix_traces_session", "org_id", "session_id", "started_at", "id"),
    Index("ix_traces_visitor", "org_id", "visitor_id", "started_at", "id"),
    Index("ix_traces_active", "last_seen_at", sqlite_where=ACTIVE, postgresql_where=ACTIVE),
)

spans = Table(
    "spans",
    metadata,
    _trace(),
    columns.text("span_id"),
    columns.text("parent_id"),
    columns.text("name"),
    columns.text("kind"),
    columns.time("start_ns"),
    # 0 while it is open.
    columns.time("end_ns"),
    columns.text("status"),
    columns.text("error"),
    Column("turn", Integer, nullable=False),
    # Bytes of its text, for the limits of what is kept.
    columns.count("size"),
    columns.text("attributes"),
    columns.text("events"),
    PrimaryKeyConstraint("trace_seq", "span_id"),
    Index("ix_spans_broken", "trace_seq", "turn", sqlite_where=BROKEN, postgresql_where=BROKEN),
    Index("ix_spans_order", "trace_seq", "start_ns"),
    # Kept in the order of their key: those of one trace lie together.
    sqlite_with_rowid=False,
)

turns = Table(
    "turns",
    metadata,
    _trace(),
    Column("number", Integer, nullable=False),
    columns.time("started_ns"),
    columns.time("ended_ns"),
    _flag("spoken"),
    _flag("interrupted"),
    columns.text("interruption"),
    _measure("eou_ms"),
    _measure("stt_ms"),
    _measure("llm_ms"),
    _measure("early_ms"),
    _measure("tts_ms"),
    _measure("transport_ms"),
    _measure("e2e_ms"),
    _measure("played_s"),
    _measure("confidence"),
    columns.count("tools"),
    columns.count("tool_errors"),
    columns.count("errors"),
    columns.count("input_tokens"),
    columns.count("output_tokens"),
    columns.count("cost_micros"),
    columns.text("user_text"),
    columns.text("agent_text"),
    PrimaryKeyConstraint("trace_seq", "number"),
    sqlite_with_rowid=False,
)

logs = Table(
    "logs",
    metadata,
    _trace(),
    columns.text("log_id"),
    columns.time("at_ns"),
    columns.text("level"),
    columns.text("span_id"),
    columns.text("logger"),
    columns.text("text"),
    columns.text("attributes"),
    PrimaryKeyConstraint("trace_seq", "log_id"),
    Index("ix_logs_order", "trace_seq", "at_ns"),
    sqlite_with_rowid=False,
)

recordings = Table(
    "recordings",
    metadata,
    columns.own_id(),
    columns.org(),
    # None of a recording that was discarded: the row stays until its file is gone, so that a
    # process that is killed between the two leaves nothing behind.
    _trace(null=True),
    # "open", "complete" or "discarded".
    columns.text("state"),
    # A file in the folder of recordings, or an object in their bucket.
    columns.text("path"),
    columns.text("format"),
    columns.time("started_ns"),
    columns.count("duration_ms"),
    columns.count("bytes"),
    columns.time("created_at"),
    Index(None, "trace_seq"),
    Index(None, "state"),
)

console_sessions = Table(
    "console_sessions",
    metadata,
    columns.own_id(),
    columns.org(),
    Column("hash", Text, nullable=False, unique=True),
    # "link": a sign-in link that was not used yet; "session": somebody's cookie.
    columns.text("kind"),
    columns.text("role"),
    columns.text("name"),
    columns.time("created_at"),
    columns.time("expires_at"),
    columns.time("last_seen_at", null=True),
    Index(None, "org_id", "id"),
    Index(None, "expires_at"),
)

links = Table(
    "links",
    metadata,
    columns.own_id(),
    columns.org(),
    _trace(),
    Column("hash", Text, nullable=False, unique=True),
    columns.time("created_at"),
    columns.time("expires_at"),
    Index(None, "trace_seq"),
    Index(None, "expires_at"),
)
