"""Usage: attached time and what it cost, one row a session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from duologue.core import ids
from duologue.store import organizations
from duologue.store.ids import fresh
from duologue.store.statements import Statement
from duologue.store.tables import sessions, usage

Tick = tuple[str, str, str, str, int, int]
"""(org_id, session_id, run_id, agent_id, attached ms, cost in micros)"""
DAY_MS = 86_400_000


class Used(msgspec.Struct, frozen=True):
    """What sessions of an agent that began on one day used."""

    agent_id: str
    day: int
    """Days since 1970, in UTC."""
    sessions: int
    attached_ms: int
    cost_micros: int


def _upsert(insert: Any) -> Any:
    made = insert(usage)
    return made.on_conflict_do_update(
        index_elements=["session_id"],
        set_={
            "run_id": made.excluded.run_id,
            "attached_ms": usage.c.attached_ms + made.excluded.attached_ms,
            "cost_micros": usage.c.cost_micros + made.excluded.cost_micros,
            "updated_at": made.excluded.updated_at,
        },
    )


_put = Statement(_upsert(sqlite.insert), _upsert(postgresql.insert))
_add = Statement(
    update(sessions)
    .where(sessions.c.org_id == bindparam("org"), sessions.c.id == bindparam("wanted"))
    .values(
        attached_ms=sessions.c.attached_ms + bindparam("ms"),
        cost_micros=sessions.c.cost_micros + bindparam("micros"),
    )
)


def meter(conn: Connection, ticks: Iterable[Tick], now: int) -> dict[str, int | None]:
    """Counts attached time and takes its cost; each organization's balance afterwards.

    Rows are touched in one order everywhere, so that two metering processes never deadlock.
    """
    costs: dict[str, int] = {}
    for org_id, session_id, run_id, agent_id, ms, micros in sorted(ticks):
        costs[org_id] = costs.get(org_id, 0) + micros
        _add(conn, org=org_id, wanted=session_id, ms=ms, micros=micros)
        _put(
            conn,
            id=fresh("use_", now),
            org_id=org_id,
            agent_id=agent_id,
            session_id=session_id,
            run_id=run_id,
            attached_ms=ms,
            cost_micros=micros,
            created_at=now,
            updated_at=now,
        )
    return {org_id: organizations.take(conn, org_id, cost) for org_id, cost in costs.items()}


def by_day(conn: Connection, org_id: str, since: int) -> list[Used]:
    """Usage of each agent, day by day, of the sessions that began since then."""
    of = usage.c
    query = (
        select(
            of.agent_id,
            (of.created_at // DAY_MS).label("day"),
            func.count(),
            func.sum(of.attached_ms),
            func.sum(of.cost_micros),
        )
        .where(of.org_id == org_id, of.id >= ids.first_at("use_", since))
        .group_by(of.agent_id, "day")
        .order_by("day", of.agent_id)
    )
    rows = conn.execute(query).fetchall()
    return [Used(row[0], *(int(value) for value in row[1:])) for row in rows]
