"""Every table; times are UTC milliseconds, money is millionths of a credit, JSON is text.

JSON lies in text columns on both databases: the same bytes come back that went in, and msgspec
reads them without a type layer between.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", Text, primary_key=True)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _time(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _org() -> Column[str]:
    return Column("org_id", Text, ForeignKey("organizations.id"), nullable=False)


def _refers(name: str, table: str) -> ForeignKeyConstraint:
    """A reference that cannot leave the organization: both rows must name the same one."""
    return ForeignKeyConstraint(["org_id", name], [f"{table}.org_id", f"{table}.id"])


def _made_by_browsers() -> tuple[Column[str], Column[str], PrimaryKeyConstraint]:
    """An id that a page made: it means something beside its organization only."""
    key = PrimaryKeyConstraint("org_id", "id")
    return Column("id", Text, nullable=False), _org(), key


def _by_id() -> UniqueConstraint:
    """What such references point at; lists of an organization are read along it, too."""
    return UniqueConstraint("org_id", "id")


organizations = Table(
    "organizations",
    metadata,
    _id(),
    _text("name"),
    Column("slug", Text, nullable=False, unique=True),
    Column("balance_micros", BigInteger),
    _time("created_at"),
)

agents = Table(
    "agents",
    metadata,
    _id(),
    _org(),
    _text("slug"),
    _text("name"),
    _text("definition"),
    _text("source"),
    _time("published_at", null=True),
    _time("created_at"),
    _time("updated_at"),
    UniqueConstraint("org_id", "slug"),
    _by_id(),
)

keys = Table(
    "keys",
    metadata,
    _id(),
    _org(),
    _text("kind"),
    _text("name"),
    Column("hash", Text, nullable=False, unique=True),
    _text("hint"),
    _text("agent_id", null=True),
    _text("origins"),
    _text("scopes"),
    _time("created_at"),
    _time("expires_at", null=True),
    _time("revoked_at", null=True),
    _time("last_used_at", null=True),
    _refers("agent_id", "agents"),
    _by_id(),
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _org(),
    _text("agent_id"),
    _text("key_id", null=True),
    # No foreign key: the session refers to its conversation, and a circle could not be written.
    _text("current_session_id", null=True),
    Column("resume_hash", Text, unique=True),
    # The token before it: good until somebody came in who holds the newer one.
    _text("resume_before_hash", null=True),
    _text("metadata"),
    # What agent and clients share, as one JSON object.
    Column("state", Text, nullable=False, server_default="{}"),
    Column("next_seq", Integer, nullable=False, server_default="1"),
    _time("created_at"),
    _time("updated_at"),
    _time("ended_at", null=True),
    _text("end_reason", null=True),
    # In whose browser it is held. No foreign key: visitors are forgotten, and it stays.
    _text("visitor_id", null=True),
    Index(None, "agent_id", "org_id", "id"),
    Index(None, "org_id", "visitor_id"),
    # No constraint: SQLite could add one only by making the table anew, which others refer to.
    Index(None, "resume_before_hash", unique=True),
    _refers("agent_id", "agents"),
    _refers("key_id", "keys"),
    _by_id(),
)

runs = Table(
    "runs",
    metadata,
    _id(),
    _org(),
    _text("conversation_id"),
    _text("agent_id"),
    _text("process"),
    _time("started_at"),
    _time("ended_at", null=True),
    _text("end_reason", null=True),
    _text("usage", null=True),
    Index(None, "conversation_id"),
    Index(None, "ended_at"),
    _refers("conversation_id", "conversations"),
    _refers("agent_id", "agents"),
    _by_id(),
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    _org(),
    _text("conversation_id"),
    _text("agent_id"),
    # No foreign key: a session may be written before its run.
    _text("run_id", null=True),
    _text("key_id", null=True),
    Column("key_hash", Text, unique=True),
    _time("key_expires_at"),
    _text("transport"),
    _text("state"),
    _text("capabilities"),
    _text("config"),
    _text("metadata"),
    _text("custom_metadata"),
    _text("custom_headers"),
    _text("sdk_version"),
    _text("origin", null=True),
    _text("consent", null=True),
    _text("page", null=True),
    _time("created_at"),
    _time("opened_at", null=True),
    _time("detached_at", null=True),
    _time("ended_at", null=True),
    _text("end_reason", null=True),
    _count("attached_ms"),
    _count("cost_micros"),
    Index(None, "org_id", "id"),
    # With org_id in it, or SQLite would walk all sessions of the organization by the index above.
    Index(None, "conversation_id", "org_id", "id"),
    Index(None, "state"),
    _refers("conversation_id", "conversations"),
    _refers("agent_id", "agents"),
    _refers("key_id", "keys"),
)

feedback = Table(
    "feedback",
    metadata,
    _id(),
    _org(),
    # One a session, the latest.
    Column("session_id", Text, nullable=False, unique=True),
    _text("conversation_id"),
    _text("agent_id"),
    _text("rating"),
    _text("text"),
    _time("created_at"),
    _time("updated_at"),
    Index(None, "org_id", "id"),
    Index(None, "conversation_id", "org_id"),
    _refers("conversation_id", "conversations"),
    _refers("agent_id", "agents"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _org(),
    _text("conversation_id"),
    _text("run_id"),
    _text("session_id", null=True),
    Column("seq", Integer, nullable=False),
    _text("turn_id"),
    _text("role"),
    _text("kind"),
    _text("text"),
    _text("item", null=True),
    Column("final", Boolean, nullable=False),
    Column("interrupted", Boolean, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    UniqueConstraint("conversation_id", "seq"),
    Index(None, "run_id"),
    _refers("conversation_id", "conversations"),
    _refers("run_id", "runs"),
)

usage = Table(
    "usage",
    metadata,
    _id(),
    _org(),
    _text("agent_id"),
    # No foreign keys: what was used stays counted when its conversation is deleted.
    Column("session_id", Text, nullable=False, unique=True),
    _text("run_id"),
    _count("attached_ms"),
    _count("cost_micros"),
    _time("created_at"),
    _time("updated_at"),
    Index(None, "org_id", "id"),
    _refers("agent_id", "agents"),
)

credit_notes = Table(
    "credits",
    metadata,
    _id(),
    _org(),
    _count("micros"),
    _text("note"),
    _time("created_at"),
    Index(None, "org_id", "id"),
)

visitors = Table(
    "visitors",
    metadata,
    *_made_by_browsers(),
    _text("user_id", null=True),
    _text("traits"),
    _time("first_seen_at"),
    _time("last_seen_at"),
    _time("identified_at", null=True),
    Index(None, "last_seen_at"),
)

visits = Table(
    "visits",
    metadata,
    *_made_by_browsers(),
    _text("visitor_id"),
    _time("started_at"),
    _time("last_at"),
    Index(None, "org_id", "visitor_id"),
    Index(None, "last_at"),
    _refers("visitor_id", "visitors"),
)

page_views = Table(
    "page_views",
    metadata,
    *_made_by_browsers(),
    _text("visitor_id"),
    _text("visit_id"),
    _text("url"),
    _text("path"),
    _text("title"),
    _text("referrer"),
    _count("visible_ms"),
    _time("at"),
    Index(None, "org_id", "visitor_id", "at"),
    Index(None, "org_id", "visit_id"),
    Index(None, "at"),
    _refers("visit_id", "visits"),
)

visitor_events = Table(
    "visitor_events",
    metadata,
    *_made_by_browsers(),
    _text("visitor_id"),
    _text("visit_id"),
    # No foreign key: the event may come before its page, or come without it.
    _text("page_id", null=True),
    _text("kind"),
    _text("name"),
    _text("properties"),
    _time("at"),
    Index(None, "org_id", "visitor_id", "at"),
    Index(None, "org_id", "visit_id"),
    Index(None, "at"),
    _refers("visit_id", "visits"),
)
