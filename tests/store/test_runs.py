"""Runs in the store."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.world import NOW, World

from duologue.store import living, runs, sessions


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


def test_nobody_is_live_in_a_run_that_ended(conn: Connection, world: World) -> None:
    """A client whose departure could not be written keeps no place and may come back."""
    this = world.id, world.session.id
    assert sessions.open(conn, *this, world.run.id, NOW)
    assert not sessions.detach(conn, *this, NOW, run_id="run_before")
    assert not sessions.end(conn, *this, "left", NOW, run_id="run_before")
    runs.end(conn, world.id, "run_other", "left", None, NOW + 1)
    found = sessions.get(conn, *this)
    assert found is not None
    assert found.state == "live"
    runs.end(conn, world.id, world.run.id, "left", None, NOW + 1)
    found = sessions.get(conn, *this)
    assert found is not None
    assert (found.state, found.detached_at, found.key_hash) == (
        "detached",
        NOW + 1,
        world.session.key_hash,
    )
    assert sessions.open(conn, *this, "run_next", NOW + 2)
    assert sessions.end(conn, *this, "left", NOW + 3, run_id="run_next")


def test_of_a_conversation_one_run_is_open(conn: Connection, world: World) -> None:
    """Who starts a second one gets the first, also from another process, until that has ended."""

    def start(name: str) -> str:
        return runs.start(
            conn,
            world.id,
            id=name,
            conversation_id=world.conversation.id,
            agent_id=world.agent.id,
            process="two",
            now=NOW + 1,
            peer="127.0.0.1:1",
        ).id

    assert start("run_second") == world.run.id
    assert runs.going_on(conn, world.id, world.conversation.id) == world.run
    assert living.run_of(conn, world.conversation.id) == world.run
    assert living.among(conn, [world.conversation.id, "conv_none"]) == {world.conversation.id}
    runs.end(conn, world.id, world.run.id, "left", None, NOW + 1)
    assert runs.going_on(conn, world.id, world.conversation.id) is None
    assert living.run_of(conn, world.conversation.id) is None
    assert living.among(conn, [world.conversation.id]) == set()
    assert start("run_second") == "run_second"
    found = runs.going_on(conn, world.id, world.conversation.id)
    assert found is not None
    assert (found.process, found.peer) == ("two", "127.0.0.1:1")
