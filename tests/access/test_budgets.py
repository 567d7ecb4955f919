"""What may be consumed."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.store.world import NOW, World, authorize

from duologue.access import budgets
from duologue.access.budgets import DAY_MS, Budget
from duologue.errors import DuologueError
from duologue.store import conversations, sessions, usage

MIDNIGHT = NOW // DAY_MS * DAY_MS


def begun(conn: Connection, world: World, name: str, now: int = NOW, conversation: str = "") -> str:
    """A session that was authorized then, in a new conversation or in that one."""
    if not conversation:
        made = conversations.create(
            conn, world.id, agent_id=world.agent.id, key_id=None, metadata={}, now=now
        )
        conversation = made.id
    return authorize(conn, world.id, conversation, world.agent.id, None, name, now=now).id


def refused(
    conn: Connection, world: World, budget: Budget, now: int, conversation: str = ""
) -> str:
    """The status and words that one more session is refused with, or nothing."""
    try:
        budgets.require(conn, world.id, world.agent.id, budget, now, conversation_id=conversation)
    except DuologueError as error:
        return f"{error.status} {error.message}"
    return ""


def test_without_a_budget_nothing_is_refused(conn: Connection, world: World) -> None:
    """Forty sessions in one moment."""
    for number in range(40):
        begun(conn, world, f"s{number}")
    assert not refused(conn, world, Budget("desk"), NOW)
    assert not Budget("desk").places
    assert Budget("desk", at_once=1).places
    assert Budget("desk", all_at_once=1).places


def test_an_agent_begins_so_many_sessions_a_minute(conn: Connection, world: World) -> None:
    """Whoever asks; the refusal says when the oldest of them is a minute old."""
    budget = Budget("desk", per_minute=3)
    for second in (1, 2, 3):
        assert not refused(conn, world, budget, NOW + 100_000)
        begun(conn, world, f"s{second}", NOW + 100_000 + second * 1000)
    late = NOW + 100_000 + 31_500
    told = refused(conn, world, budget, late)
    assert told.startswith("429 Too many requests from the callers of agent 'desk'")
    assert "in 30 s" in told
    assert not refused(conn, world, budget, late + 30_000)


def test_a_conversation_is_opened_sixty_times_a_minute(conn: Connection, world: World) -> None:
    """Others are not disturbed."""
    at = NOW + 100_000
    for number in range(budgets.OF_CONVERSATION):
        assert not refused(conn, world, Budget("desk"), at, world.conversation.id)
        begun(conn, world, f"s{number}", at, world.conversation.id)
    assert "from this conversation" in refused(
        conn, world, Budget("desk"), at, world.conversation.id
    )
    other = conversations.create(
        conn, world.id, agent_id=world.agent.id, key_id=None, metadata={}, now=at
    )
    assert not refused(conn, world, Budget("desk"), at, other.id)
    assert not refused(conn, world, Budget("desk"), at + 60_001, world.conversation.id)


@pytest.mark.parametrize(
    ("budget", "who"),
    [
        (Budget("desk", at_once=2, grace_ms=30_000), "Agent 'desk'"),
        (Budget("desk", all_at_once=2, grace_ms=30_000), "This organization"),
    ],
)
def test_so_many_conversations_go_on_at_once(
    conn: Connection, world: World, budget: Budget, who: str
) -> None:
    """A client that dropped keeps its place for a while; one that goes on has its own."""
    first, second = begun(conn, world, "one"), begun(conn, world, "two")
    third = begun(conn, world, "three")
    for session in (first, second):
        assert open_session(conn, world, session, budget)
    told = refused(conn, world, budget, NOW)
    assert told.startswith(f"429 {who}")
    assert "(2)" in told
    found = sessions.get(conn, world.id, first)
    assert found is not None
    assert not refused(conn, world, budget, NOW, found.conversation_id)
    with pytest.raises(DuologueError) as error:
        open_session(conn, world, third, budget)
    assert (error.value.code, error.value.fault.close) == ("places_taken", 1013)
    sessions.detach(conn, world.id, first, NOW)
    assert refused(conn, world, budget, NOW + 29_999)
    assert not refused(conn, world, budget, NOW + 30_000)
    sessions.end(conn, world.id, second, "left", NOW)
    assert open_session(conn, world, third, budget)


def test_sessions_of_one_conversation_have_one_place(conn: Connection, world: World) -> None:
    """Who shares a conversation shares its agent."""
    budget = Budget("desk", at_once=2)
    for number in range(3):
        session = begun(conn, world, f"s{number}", NOW, world.conversation.id)
        assert open_session(conn, world, session, budget)
    assert not refused(conn, world, budget, NOW)


def test_a_session_is_opened_where_nothing_is_bounded(conn: Connection, world: World) -> None:
    """As ever: once."""
    session = begun(conn, world, "one")
    assert open_session(conn, world, session, Budget("desk"))
    assert not open_session(conn, world, session, Budget("desk"))


def test_an_agent_talks_so_many_minutes_a_day(conn: Connection, world: World) -> None:
    """What its sessions of today took; the day begins at midnight UTC."""
    budget = Budget("desk", minutes=1.5)

    def talked(name: str, ms: int, now: int) -> None:
        session = begun(conn, world, name, now)
        usage.meter(conn, [(world.id, session, "run_1", world.agent.id, ms, 0)], now)

    day = MIDNIGHT + DAY_MS
    talked("yesterday", 600_000, day - 1)
    talked("one", 60_000, day)
    assert not refused(conn, world, budget, day + 1000)
    assert budgets.left(conn, world.id, world.agent.id, 1.5, day + 1000) == 30_000
    talked("two", 30_000, day + 2000)
    told = refused(conn, world, budget, day + DAY_MS - 5_500)
    assert told.startswith("429 Agent 'desk' has talked its 1.5 minutes")
    assert "in 6 s" in told
    assert not refused(conn, world, budget, day + DAY_MS)


def open_session(conn: Connection, world: World, session_id: str, budget: Budget) -> bool:
    """Opens it, if there is a place."""
    session = sessions.get(conn, world.id, session_id)
    assert session is not None
    return budgets.open_session(
        conn,
        world.id,
        session_id,
        world.run.id,
        NOW,
        agent_id=world.agent.id,
        conversation_id=session.conversation_id,
        budget=budget,
    )
