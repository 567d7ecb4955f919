"""Runs in the store."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.world import NOW, World

from duologue.store import runs


def test_a_run_starts_and_ends_once(conn: Connection, world: World) -> None:
    """What its models used is kept with the first end."""
    assert runs.get(conn, world.id, world.run.id) == world.run
    assert runs.end(conn, world.id, world.run.id, "left", {"tokens": 3}, NOW + 1)
    assert not runs.end(conn, world.id, world.run.id, "later", None, NOW + 2)
    found = runs.get(conn, world.id, world.run.id)
    assert found is not None
    assert (found.ended_at, found.end_reason, found.usage) == (NOW + 1, "left", {"tokens": 3})


def test_a_run_may_end_without_figures(conn: Connection, world: World) -> None:
    """No usage is none, not an empty object."""
    runs.end(conn, world.id, world.run.id, "left", None, NOW + 1)
    found = runs.get(conn, world.id, world.run.id)
    assert found is not None
    assert found.usage is None
