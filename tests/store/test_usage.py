"""Metering in the store."""

from __future__ import annotations

from sqlalchemy import Connection, func, select
from tests.store.world import NOW, World, build

from duologue.store import organizations, sessions, usage
from duologue.store.tables import usage as table


def test_ticks_add_up_in_session_and_usage(conn: Connection, world: World) -> None:
    """One usage row a session, whatever the number of ticks; its run is the latest."""
    for run in ("run_a", "run_b"):
        tick = (world.id, world.session.id, run, world.agent.id, 1000, 30)
        assert usage.meter(conn, [tick], NOW) == {world.id: None}
    session = sessions.get(conn, world.id, world.session.id)
    assert session is not None
    assert (session.attached_ms, session.cost_micros) == (2000, 60)
    rows = conn.execute(select(table.c.run_id, table.c.attached_ms, table.c.cost_micros)).fetchall()
    assert [tuple(row) for row in rows] == [("run_b", 2000, 60)]


def test_each_organization_pays_for_its_own(conn: Connection, world: World) -> None:
    """Two organizations in one sweep: each loses its cost, none goes below zero."""
    other = build(conn, "other")
    organizations.credit(conn, world.id, 100, "", NOW)
    organizations.credit(conn, other.id, 20, "", NOW)
    ticks = [
        (each.id, each.session.id, each.run.id, each.agent.id, 1000, 30) for each in (other, world)
    ]
    assert usage.meter(conn, ticks, NOW) == {world.id: 70, other.id: 0}
    total = conn.execute(select(func.sum(table.c.cost_micros))).scalar()
    assert total == 60
    assert usage.meter(conn, [], NOW) == {}


def test_usage_is_summed_by_agent_and_day(conn: Connection, world: World) -> None:
    """Of the sessions that began since then, each on the day when it did."""
    day = NOW // usage.DAY_MS
    sessions_of = {"sess_a": NOW - usage.DAY_MS, "sess_b": NOW, "sess_c": NOW}
    for session, at in sessions_of.items():
        usage.meter(conn, [(world.id, session, "run_a", world.agent.id, 1000, 30)], at)
    usage.meter(conn, [(world.id, "sess_a", "run_a", world.agent.id, 500, 5)], NOW)
    assert usage.by_day(conn, world.id, NOW - usage.DAY_MS) == [
        usage.Used(world.agent.id, day - 1, 1, 1500, 35),
        usage.Used(world.agent.id, day, 2, 2000, 60),
    ]
    assert usage.by_day(conn, world.id, NOW) == [usage.Used(world.agent.id, day, 2, 2000, 60)]
    assert usage.by_day(conn, build(conn, "other").id, 0) == []
