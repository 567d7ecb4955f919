"""Every table; times are UTC milliseconds, money is millionths of a credit, JSON is text.

JSON lies in text columns on both databases: the same bytes come back that went in, and msgspec
reads them without a type layer between.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from duologue.store import columns
from duologue.store.alert_tables import alert_events as alert_events
from duologue.store.alert_tables import alerts as alerts
from duologue.store.columns import metadata as metadata
from duologue.store.trace_tables import console_sessions as console_sessions
from duologue.store.trace_tables import links as links
from duologue.store.trace_tables import logs as logs
from duologue.store.trace_tables import recordings as recordings
from duologue.store.trace_tables import spans as spans
from duologue.store.trace_tables import traces as traces
from duologue.store.trace_tables import turns as turns

organizations = Table(
    "organizations",
    metadata,
    columns.own_id(),
    columns.text("name"),
    Column("slug", Text, nullable=False, unique=True),
    Column("balance_micros", BigInteger),
    columns.time("created_at"),
)

agents = Table(
    "agents",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("slug"),
    columns.text("name"),
    columns.text("definition"),
    columns.text("source"),
    columns.time("published_at", null=True),
    columns.time("created_at"),
    columns.time("updated_at"),
    UniqueConstraint("org_id", "slug"),
    columns.by_id(),
)

keys = Table(
    "keys",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("kind"),
    columns.text("name"),
    Column("hash", Text, nullable=False, unique=True),
    columns.text("hint"),
    columns.text("agent_id", null=True),
    columns.text("origins"),
    columns.text("scopes"),
    columns.time("created_at"),
    columns.time("expires_at", null=True),
    columns.time("revoked_at", null=True),
    columns.time("last_used_at", null=True),
    columns.refers("agent_id", "agents"),
    columns.by_id(),
)

conversations = Table(
    "conversations",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("agent_id"),
    columns.text("key_id", null=True),
    # No foreign key: the session refers to its conversation, and a circle could not be written.
    columns.text("current_session_id", null=True),
    Column("resume_hash", Text, unique=True),
    # The token before it: good until somebody came in who holds the newer one.
    columns.text("resume_before_hash", null=True),
    columns.text("metadata"),
    # What agent and clients share, as one JSON object.
    Column("state", Text, nullable=False, server_default="{}"),
    Column("next_seq", Integer, nullable=False, server_default="1"),
    columns.time("created_at"),
    columns.time("updated_at"),
    columns.time("ended_at", null=True),
    columns.text("end_reason", null=True),
    # In whose browser it is held. No foreign key: visitors are forgotten, and it stays.
    columns.text("visitor_id", null=True),
    Index(None, "agent_id", "org_id", "id"),
    Index(None, "org_id", "visitor_id"),
    # No constraint: SQLite could add one only by making the table anew, which others refer to.
    Index(None, "resume_before_hash", unique=True),
    columns.refers("agent_id", "agents"),
    columns.refers("key_id", "keys"),
    columns.by_id(),
)

runs = Table(
    "runs",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("conversation_id"),
    columns.text("agent_id"),
    columns.text("process"),
    columns.time("started_at"),
    columns.time("ended_at", null=True),
    columns.text("end_reason", null=True),
    columns.text("usage", null=True),
    # Where other processes reach the one that it lives in; nowhere where they need not.
    columns.text("peer", null=True),
    Index(None, "conversation_id"),
    Index(None, "ended_at"),
    columns.refers("conversation_id", "conversations"),
    columns.refers("agent_id", "agents"),
    columns.by_id(),
)

sessions = Table(
    "sessions",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("conversation_id"),
    columns.text("agent_id"),
    # No foreign key: a session may be written before its run.
    columns.text("run_id", null=True),
    columns.text("key_id", null=True),
    Column("key_hash", Text, unique=True),
    columns.time("key_expires_at"),
    columns.text("transport"),
    columns.text("state"),
    columns.text("capabilities"),
    columns.text("config"),
    columns.text("metadata"),
    columns.text("custom_metadata"),
    columns.text("custom_headers"),
    columns.text("sdk_version"),
    columns.text("origin", null=True),
    columns.text("consent", null=True),
    columns.text("page", null=True),
    columns.time("created_at"),
    columns.time("opened_at", null=True),
    columns.time("detached_at", null=True),
    columns.time("ended_at", null=True),
    columns.text("end_reason", null=True),
    columns.count("attached_ms"),
    columns.count("cost_micros"),
    Index(None, "org_id", "id"),
    # With org_id in it, or SQLite would walk all sessions of the organization by the index above.
    Index(None, "conversation_id", "org_id", "id"),
    Index(None, "state"),
    columns.refers("conversation_id", "conversations"),
    columns.refers("agent_id", "agents"),
    columns.refers("key_id", "keys"),
)

feedback = Table(
    "feedback",
    metadata,
    columns.own_id(),
    columns.org(),
    # One a session, the latest.
    Column("session_id", Text, nullable=False, unique=True),
    columns.text("conversation_id"),
    columns.text("agent_id"),
    columns.text("rating"),
    columns.text("text"),
    columns.time("created_at"),
    columns.time("updated_at"),
    Index(None, "org_id", "id"),
    Index(None, "conversation_id", "org_id"),
    columns.refers("conversation_id", "conversations"),
    columns.refers("agent_id", "agents"),
)

messages = Table(
    "messages",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("conversation_id"),
    columns.text("run_id"),
    columns.text("session_id", null=True),
    Column("seq", Integer, nullable=False),
    columns.text("turn_id"),
    columns.text("role"),
    columns.text("kind"),
    columns.text("text"),
    columns.text("item", null=True),
    Column("final", Boolean, nullable=False),
    Column("interrupted", Boolean, nullable=False),
    columns.time("created_at"),
    columns.time("updated_at"),
    UniqueConstraint("conversation_id", "seq"),
    Index(None, "run_id"),
    columns.refers("conversation_id", "conversations"),
    columns.refers("run_id", "runs"),
)

usage = Table(
    "usage",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("agent_id"),
    # No foreign keys: what was used stays counted when its conversation is deleted.
    Column("session_id", Text, nullable=False, unique=True),
    columns.text("run_id"),
    columns.count("attached_ms"),
    columns.count("cost_micros"),
    columns.time("created_at"),
    columns.time("updated_at"),
    Index(None, "org_id", "id"),
    columns.refers("agent_id", "agents"),
)

credit_notes = Table(
    "credits",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.count("micros"),
    columns.text("note"),
    columns.time("created_at"),
    Index(None, "org_id", "id"),
)

visitors = Table(
    "visitors",
    metadata,
    *columns.made_by_browsers(),
    columns.text("user_id", null=True),
    columns.text("traits"),
    columns.time("first_seen_at"),
    columns.time("last_seen_at"),
    columns.time("identified_at", null=True),
    Index(None, "last_seen_at"),
)

visits = Table(
    "visits",
    metadata,
    *columns.made_by_browsers(),
    columns.text("visitor_id"),
    columns.time("started_at"),
    columns.time("last_at"),
    Index(None, "org_id", "visitor_id"),
    Index(None, "last_at"),
    columns.refers("visitor_id", "visitors"),
)

page_views = Table(
    "page_views",
    metadata,
    *columns.made_by_browsers(),
    columns.text("visitor_id"),
    columns.text("visit_id"),
    columns.text("url"),
    columns.text("path"),
    columns.text("title"),
    columns.text("referrer"),
    columns.count("visible_ms"),
    columns.time("at"),
    Index(None, "org_id", "visitor_id", "at"),
    Index(None, "org_id", "visit_id"),
    Index(None, "at"),
    columns.refers("visit_id", "visits"),
)

visitor_events = Table(
    "visitor_events",
    metadata,
    *columns.made_by_browsers(),
    columns.text("visitor_id"),
    columns.text("visit_id"),
    # No foreign key: the event may come before its page, or come without it.
    columns.text("page_id", null=True),
    columns.text("kind"),
    columns.text("name"),
    columns.text("properties"),
    columns.time("at"),
    Index(None, "org_id", "visitor_id", "at"),
    Index(None, "org_id", "visit_id"),
    Index(None, "at"),
    columns.refers("visit_id", "visits"),
)
