"""Who is talking now, agent by agent."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.world import NOW, World, authorize, build

from duologue.store import agent_lists, conversations, sessions


def test_sessions_that_are_open_or_waited_for_are_live(conn: Connection, world: World) -> None:
    """Those that were not opened, and those that ended, are not."""
    ids = []
    for number in range(3):
        talk = conversations.create(
            conn, world.id, agent_id=world.agent.id, key_id=None, metadata={}, now=NOW
        )
        whose = (world.id, talk.id, world.agent.id, world.key.id)
        ids.append(authorize(conn, *whose, f"s{number}").id)
    for each in ids:
        sessions.open(conn, world.id, each, world.run.id, NOW)
    sessions.detach(conn, world.id, ids[1], NOW)
    sessions.end(conn, world.id, ids[2], "left", NOW, void=False)
    assert agent_lists.live(conn, world.id) == {world.agent.id: 2}
    assert agent_lists.live(conn, build(conn, "rivals").id) == {}
