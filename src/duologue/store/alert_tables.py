"""The tables of alerts: rules with how they stand, and what happened to them."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Table

from duologue.store import columns
from duologue.store.columns import metadata

alerts = Table(
    "alerts",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("measure"),
    # The slug or the name as traces have it; empty means all.
    columns.text("agent"),
    Column("threshold", Double, nullable=False),
    columns.count("window_ms"),
    # Empty means the server's log.
    columns.text("webhook"),
    columns.text("state"),
    columns.time("calm_since", null=True),
    # The figure as it was last seen, and how many it was read from.
    Column("value", Double),
    columns.count("samples"),
    columns.time("changed_at", null=True),
    columns.time("fired_at", null=True),
    # Whichever process moves it on is the one that looks.
    columns.count("looked_at"),
    columns.time("created_at"),
    Index(None, "looked_at"),
    columns.by_id(),
)

alert_events = Table(
    "alert_events",
    metadata,
    columns.own_id(),
    columns.org(),
    columns.text("alert_id"),
    columns.text("kind"),
    Column("value", Double),
    columns.time("at"),
    # "log", "waiting", "delivered" or "failed".
    columns.text("delivery"),
    columns.count("tries"),
    # What the webhook answered last.
    columns.text("answer"),
    # When a waiting one is to be sent; moved on by the process that sends it.
    columns.time("next_at", null=True),
    Index(None, "alert_id", "org_id", "id"),
    Index(None, "org_id", "id"),
    Index(None, "next_at"),
    columns.refers("alert_id", "alerts"),
)
