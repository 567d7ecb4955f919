"""Visitors: what their browsers told, and which conversations are held in them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _make(table: str, *columns: sa.Column[Any], refers: str = "", to: str = "") -> None:
    """A table whose rows have the ids that browsers gave them."""
    sources, targets = ["org_id", refers], [f"{to}.org_id", f"{to}.id"]
    named = op.f(f"fk_{table}_org_id_{refers}")
    reference = sa.ForeignKeyConstraint(sources, targets, name=named)
    op.create_table(
        table,
        _text("id"),
        _text("org_id"),
        *columns,
        *([reference] if refers else []),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f(f"fk_{table}_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f(f"pk_{table}")),
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=False)


def upgrade() -> None:
    """Makes the tables and the column; conversations that are there already have no visitor."""
    _make(
        "visitors",
        _text("user_id", null=True),
        _text("traits"),
        _time("first_seen_at"),
        _time("last_seen_at"),
        _time("identified_at", null=True),
    )
    _index("visitors", "last_seen_at")
    _make(
        "visits",
        _text("visitor_id"),
        _time("started_at"),
        _time("last_at"),
        refers="visitor_id",
        to="visitors",
    )
    _index("visits", "org_id", "visitor_id")
    _index("visits", "last_at")
    _make(
        "page_views",
        _text("visitor_id"),
        _text("visit_id"),
        _text("url"),
        _text("path"),
        _text("title"),
        _text("referrer"),
        sa.Column("visible_ms", sa.BigInteger(), server_default="0", nullable=False),
        _time("at"),
        refers="visit_id",
        to="visits",
    )
    _make(
        "visitor_events",
        _text("visitor_id"),
        _text("visit_id"),
        _text("page_id", null=True),
        _text("kind"),
        _text("name"),
        _text("properties"),
        _time("at"),
        refers="visit_id",
        to="visits",
    )
    for table in ("page_views", "visitor_events"):
        _index(table, "org_id", "visitor_id", "at")
        _index(table, "org_id", "visit_id")
        _index(table, "at")
    op.add_column("conversations", _text("visitor_id", null=True))
    _index("conversations", "org_id", "visitor_id")


def downgrade() -> None:
    """Drops them, and with them all that is known of visitors."""
    op.drop_index(op.f("ix_conversations_org_id_visitor_id"), table_name="conversations")
    op.drop_column("conversations", "visitor_id")
    for table in ("visitor_events", "page_views", "visits", "visitors"):
        op.drop_table(table)
