"""Who was in a session, by a token of it."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.store.world import NOW, World, authorize

from duologue.access import attendance, resume_tokens
from duologue.errors import DuologueError
from duologue.store import conversations, sessions

PAGE = "https://example.com"
KEY = "ours-1"


def found(
    conn: Connection, token: str, session_id: str = "", origin: str | None = PAGE
) -> str | None:
    """The session of a token; none when it is refused."""
    try:
        return attendance.session_of(
            conn, token, session_id=session_id, origin=origin, now=NOW + 9
        ).id
    except DuologueError as error:
        return None if error.code == "session_not_found" else error.code


@pytest.fixture
def opened(conn: Connection, world: World) -> World:
    """A world whose session was opened."""
    assert sessions.open(conn, world.id, world.session.id, world.run.id, NOW + 1)
    return world


def test_the_key_of_a_session_shows_who_was_in_it(conn: Connection, opened: World) -> None:
    """With its id or without, but not with another's."""
    assert found(conn, KEY) == opened.session.id
    assert found(conn, KEY, opened.session.id) == opened.session.id
    assert found(conn, KEY, "sess_other") is None


def test_a_resume_token_shows_who_was_in_its_conversation(conn: Connection, opened: World) -> None:
    """The newest session, or an earlier one by its id; over or not."""
    token = resume_tokens.issue(conn, opened.id, opened.conversation.id)
    assert found(conn, token) == opened.session.id
    assert sessions.end(conn, opened.id, opened.session.id, "left", NOW + 2, void=True)
    assert found(conn, token) == opened.session.id
    later = authorize(
        conn, opened.id, opened.conversation.id, opened.agent.id, opened.key.id, "later"
    )
    assert sessions.open(conn, opened.id, later.id, opened.run.id, NOW + 3)
    assert found(conn, token) == later.id
    assert found(conn, token, opened.session.id) == opened.session.id


def test_nobody_else_was_there(conn: Connection, opened: World) -> None:
    """No unknown token, no page of another origin, no session of another conversation."""
    token = resume_tokens.issue(conn, opened.id, opened.conversation.id)
    assert found(conn, "dk_resume_x") is None
    assert found(conn, token, origin="https://evil.example") is None
    assert found(conn, token, origin=None) is None
    assert found(conn, token, "sess_none") is None


def test_a_session_of_another_conversation_is_not_that_of_the_token(
    conn: Connection, opened: World
) -> None:
    """Though it is of the same organization."""
    other = conversations.create(
        conn, opened.id, agent_id=opened.agent.id, key_id=None, metadata={}, now=NOW
    )
    theirs = authorize(conn, opened.id, other.id, opened.agent.id, opened.key.id, "other")
    assert sessions.open(conn, opened.id, theirs.id, opened.run.id, NOW + 1)
    token = resume_tokens.issue(conn, opened.id, opened.conversation.id)
    assert found(conn, token, theirs.id) is None


def test_who_never_came_in_was_not_there(conn: Connection, world: World) -> None:
    """An authorize alone is no conversation."""
    assert found(conn, KEY) is None
