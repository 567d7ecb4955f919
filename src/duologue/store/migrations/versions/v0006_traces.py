"""What is told of runs: traces, their spans, turns and logs, recordings; sign-ins and links."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ACTIVE = sa.text("status = 'active'")
BROKEN = sa.text("kind = 'error'")

# Only the index of the words; the words themselves lie in the turns. Of a trace's number and a
# turn's one number is made, so that those of one trace can be asked for alone.
WORDS: Final = """
CREATE VIRTUAL TABLE turn_words USING fts5(
    user_text, agent_text, content='', columnsize=0,
    tokenize='unicode61 remove_diacritics 0'
)"""
FORGET: Final = """
    INSERT INTO turn_words (turn_words, rowid, user_text, agent_text)
    VALUES ('delete', old.trace_seq * 1048576 + old.number, old.user_text, old.agent_text);"""
KEEP: Final = """
    INSERT INTO turn_words (rowid, user_text, agent_text)
    VALUES (new.trace_seq * 1048576 + new.number, new.user_text, new.agent_text);"""
MADE: Final = f"CREATE TRIGGER turn_words_made AFTER INSERT ON turns BEGIN {KEEP} END"
GONE: Final = f"CREATE TRIGGER turn_words_gone AFTER DELETE ON turns BEGIN {FORGET} END"
CHANGED: Final = f"""
CREATE TRIGGER turn_words_changed AFTER UPDATE OF user_text, agent_text ON turns
WHEN old.user_text <> new.user_text OR old.agent_text <> new.agent_text
BEGIN {FORGET} {KEEP} END"""
SIGNS: Final = "!\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~"
ON_POSTGRESQL: Final = (
    # Signs become spaces first: the parser would take an address, or a number, as one word.
    "CREATE INDEX ix_turns_words ON turns USING gin (to_tsvector('simple', translate("
    f"left(user_text, 100000) || ' ' || left(agent_text, 100000), '{SIGNS}', '{' ' * 32}')))"
)


def upgrade() -> None:
    """Makes the tables, and the index of the words that were said."""
    op.create_table(
        "traces",
        sa.Column("seq", NUMBER, autoincrement=True, nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("agent_version", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("visitor_id", sa.Text(), nullable=True),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("turns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("interrupted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unanswered", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("errors", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tool_errors", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("e2e_max_ms", sa.Double(), nullable=True),
        sa.Column("cost_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("told_cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("dropped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("has_recording", sa.Boolean(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_traces_org_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_traces")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_traces_org_id_id")),
    )
    op.create_index(
        "ix_traces_active", "traces", ["last_seen_at"], sqlite_where=ACTIVE, postgresql_where=ACTIVE
    )
    op.create_index("ix_traces_agent", "traces", ["org_id", "agent", "started_at", "id"])
    op.create_index(
        "ix_traces_listed",
        "traces",
        [
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
        ],
    )
    op.create_index(
        "ix_traces_conversation", "traces", ["org_id", "conversation_id", "started_at", "id"]
    )
    op.create_index("ix_traces_session", "traces", ["org_id", "session_id", "started_at", "id"])
    op.create_index("ix_traces_visitor", "traces", ["org_id", "visitor_id", "started_at", "id"])
    op.create_table(
        "console_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_console_sessions_org_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_console_sessions_hash")),
    )
    op.create_index(op.f("ix_console_sessions_expires_at"), "console_sessions", ["expires_at"])
    op.create_index(op.f("ix_console_sessions_org_id_id"), "console_sessions", ["org_id", "id"])
    op.create_table(
        "links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("trace_seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_links_org_id")),
        sa.ForeignKeyConstraint(["trace_seq"], ["traces.seq"], name=op.f("fk_links_trace_seq")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("hash", name=op.f("uq_links_hash")),
    )
    op.create_index(op.f("ix_links_expires_at"), "links", ["expires_at"])
    op.create_index(op.f("ix_links_trace_seq"), "links", ["trace_seq"])
    op.create_table(
        "logs",
        sa.Column("trace_seq", sa.BigInteger(), nullable=False),
        sa.Column("log_id", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.Column("logger", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["trace_seq"], ["traces.seq"], name=op.f("fk_logs_trace_seq")),
        sa.PrimaryKeyConstraint("trace_seq", "log_id", name=op.f("pk_logs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("trace_seq", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_recordings_org_id")
        ),
        sa.ForeignKeyConstraint(
            ["trace_seq"], ["traces.seq"], name=op.f("fk_recordings_trace_seq")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    op.create_index(op.f("ix_recordings_state"), "recordings", ["state"])
    op.create_index(op.f("ix_recordings_trace_seq"), "recordings", ["trace_seq"])
    op.create_table(
        "spans",
        sa.Column("trace_seq", sa.BigInteger(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["trace_seq"], ["traces.seq"], name=op.f("fk_spans_trace_seq")),
        sa.PrimaryKeyConstraint("trace_seq", "span_id", name=op.f("pk_spans")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_spans_broken",
        "spans",
        ["trace_seq", "turn"],
        sqlite_where=BROKEN,
        postgresql_where=BROKEN,
    )
    op.create_table(
        "turns",
        sa.Column("trace_seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), nullable=False),
        sa.Column("spoken", sa.Boolean(), nullable=False),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.Column("interruption", sa.Text(), nullable=False),
        sa.Column("eou_ms", sa.Double(), nullable=True),
        sa.Column("stt_ms", sa.Double(), nullable=True),
        sa.Column("llm_ms", sa.Double(), nullable=True),
        sa.Column("tts_ms", sa.Double(), nullable=True),
        sa.Column("transport_ms", sa.Double(), nullable=True),
        sa.Column("e2e_ms", sa.Double(), nullable=True),
        sa.Column("played_s", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("tools", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tool_errors", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("errors", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("user_text", sa.Text(), nullable=False),
        sa.Column("agent_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["trace_seq"], ["traces.seq"], name=op.f("fk_turns_trace_seq")),
        sa.PrimaryKeyConstraint("trace_seq", "number", name=op.f("pk_turns")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in (WORDS, MADE, CHANGED, GONE):
            op.execute(statement)
    else:
        op.execute(ON_POSTGRESQL)


def downgrade() -> None:
    """Drops them, and with them all that was told of runs."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE turn_words")
    for table in ("links", "console_sessions", "recordings", "logs", "turns", "spans", "traces"):
        op.drop_table(table)
