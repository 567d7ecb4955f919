"""What is held against what somebody may have, on both databases."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection
from tests.store.world import NOW, World, authorize, build

from duologue.access import budgets
from duologue.access.budgets import Budget
from duologue.errors import DuologueError
from duologue.store import allowances, conversations, sessions, usage
from duologue.store.database import Database

DAY = 86_400_000


def begun(conn: Connection, world: World, name: str, now: int = NOW) -> tuple[str, str]:
    """A conversation with an authorized session: both ids."""
    made = conversations.create(
        conn, world.id, agent_id=world.agent.id, key_id=None, metadata={}, now=now
    )
    session = authorize(conn, world.id, made.id, world.agent.id, None, name, now=now)
    return made.id, session.id


def test_the_nth_newest_session_of_an_agent_and_of_a_conversation(
    conn: Connection, world: World
) -> None:
    """Of those since a moment; another's are not counted."""
    other = build(conn, "other", now=NOW + 10_000)
    for second in (1, 2, 3):
        at = NOW + second * 1000
        authorize(conn, world.id, world.conversation.id, world.agent.id, None, f"s{second}", now=at)
    for nth, wanted in (
        (allowances.nth_of_agent, world.agent.id),
        (allowances.nth_of_conversation, world.conversation.id),
    ):
        found = [nth(conn, world.id, wanted, number, NOW + 1) for number in (1, 2, 3, 4)]
        assert found == [NOW + 3000, NOW + 2000, NOW + 1000, None]
        assert nth(conn, world.id, wanted, 3, NOW + 2000) is None
        assert nth(conn, other.id, wanted, 1, NOW) is None


def test_live_conversations_are_counted_once_each(conn: Connection, world: World) -> None:
    """Also while their client is waited for; of an agent, or of the organization."""
    (a, first), (_, second), _ = (begun(conn, world, name) for name in "abc")
    assert sessions.open(conn, world.id, first, world.run.id, NOW)
    assert sessions.open(conn, world.id, second, world.run.id, NOW)
    sessions.detach(conn, world.id, second, NOW + 5)

    def live(agent: str | None, apart: str = "", since: int = NOW) -> int:
        return allowances.live(conn, world.id, agent, apart, since)

    assert [live(world.agent.id), live(None), live("agt_other")] == [2, 2, 0]
    assert [live(None, apart=a), live(None, since=NOW + 5)] == [1, 1]
    assert allowances.live(conn, build(conn, "other").id, None, "", NOW) == 0


def test_what_sessions_since_a_moment_used_is_summed(conn: Connection, world: World) -> None:
    """By when they were first metered."""
    for name, at in (("a", NOW - 1), ("b", NOW), ("c", NOW + DAY)):
        _, session = begun(conn, world, name, at)
        usage.meter(conn, [(world.id, session, world.run.id, world.agent.id, 1000, 0)], at)
    used = [allowances.used(conn, world.id, world.agent.id, NOW + day) for day in (-DAY, 0, DAY)]
    assert used == [3000, 2000, 1000]
    assert allowances.used(conn, world.id, "agt_other", 0) == 0


async def test_of_racers_for_the_last_places_no_more_get_in_than_there_are(url: str) -> None:
    """Each in a connection of its own, on PostgreSQL."""
    db = await Database.open(url)
    try:
        world = await db.write(build, "ours")
        rows = [await db.write(begun, world, f"s{number}") for number in range(20)]
        budget = Budget("desk", at_once=5)

        async def enter(conversation: str, session: str) -> bool:
            try:
                return await db.write(
                    budgets.open_session,
                    world.id,
                    session,
                    world.run.id,
                    NOW,
                    agent_id=world.agent.id,
                    conversation_id=conversation,
                    budget=budget,
                )
            except DuologueError:
                return False

        entered = await asyncio.gather(*(enter(*row) for row in rows))
        assert entered.count(True) == 5
    finally:
        await db.close()
