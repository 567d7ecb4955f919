"""How much an organization keeps."""

from __future__ import annotations

from sqlalchemy import Connection, update
from tests.store.tracing import NS, told
from tests.store.visiting import batch, page
from tests.store.world import NOW, World, build

from duologue.store import kept, trace_deletion, traces, visits
from duologue.store.kept import KeptOfAgent
from duologue.store.tables import traces as table


def trace(conn: Connection, org_id: str, number: int, agent: str, size: int) -> str:
    """A run of that size, so many days old; its id."""
    name, began = f"{number:032x}", NS - number * 86_400 * 10**9
    traces.put(conn, org_id, [told(name, agent=agent, status="complete", started_ns=began)], NOW)
    conn.execute(update(table).where(table.c.id == f"run_{name}").values(bytes=size))
    return f"run_{name}"


def test_it_is_counted_by_agent_the_largest_first(conn: Connection, world: World) -> None:
    """Runs with their room and their beginning; conversations and visitors besides."""
    trace(conn, world.id, 1, "desk", 10)
    trace(conn, world.id, 2, "desk", 20)
    trace(conn, world.id, 3, "bar", 50)
    trace(conn, build(conn, "rivals").id, 4, "far", 9)
    visits.record(conn, world.id, batch(page("/")), NOW)
    day = 86_400_000
    assert kept.of(conn, world.id) == kept.Kept(
        agents=[
            KeptOfAgent("bar", 1, 50, NOW - 3 * day),
            KeptOfAgent("desk", 2, 30, NOW - 2 * day),
        ],
        conversations=1,
        visitors=1,
    )


def test_one_organization_forgets_its_own_alone(conn: Connection, world: World) -> None:
    """What is old, or what is too large; the others keep theirs."""
    rivals = build(conn, "rivals")
    trace(conn, world.id, 1, "desk", 10)
    trace(conn, world.id, 5, "desk", 20)
    trace(conn, rivals.id, 6, "desk", 50)
    assert trace_deletion.prune_older(conn, NOW - 3 * 86_400_000, world.id) == 1
    assert trace_deletion.prune_larger(conn, 5, world.id) == 1
    assert kept.of(conn, world.id).agents == []
    assert [each.traces for each in kept.of(conn, rivals.id).agents] == [1]
    assert trace_deletion.prune_older(conn, NOW, None) == 1
