"""What an organization keeps: how much, and since when."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Table, func, select

from duologue.store.tables import conversations, traces, visitors


class KeptOfAgent(msgspec.Struct, frozen=True):
    """What is kept of the runs of an agent, or of one elsewhere that bears that name."""

    agent: str
    traces: int
    bytes: int
    oldest: int
    """When the first of them began."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """All that an organization keeps."""

    agents: list[KeptOfAgent]
    conversations: int
    visitors: int


def of(conn: Connection, org_id: str) -> Kept:
    """What an organization keeps, its largest agent first."""
    each = traces.c
    size = func.sum(each.bytes)
    rows = conn.execute(
        select(each.agent, func.count(), size, func.min(each.started_at))
        .where(each.org_id == org_id)
        .group_by(each.agent)
        .order_by(size.desc(), each.agent)
    ).fetchall()
    return Kept(
        agents=[KeptOfAgent(row[0], row[1], int(row[2]), row[3]) for row in rows],
        conversations=_count(conn, org_id, conversations),
        visitors=_count(conn, org_id, visitors),
    )


def _count(conn: Connection, org_id: str, table: Table) -> int:
    found: int = conn.execute(
        select(func.count()).select_from(table).where(table.c.org_id == org_id)
    ).scalar_one()
    return found
