"""Feedback: one word a session, the latest, gone with its conversation."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.world import NOW, World, authorize

from duologue.store import conversations, feedback


def test_the_last_word_of_a_session_counts(conn: Connection, world: World) -> None:
    """It stays the same row; another session has its own."""
    feedback.put(conn, world.session, rating="down", text="Too slow.", now=NOW)
    feedback.put(conn, world.session, rating="up", text="Better.", now=NOW + 5)
    later = authorize(
        conn, world.id, world.conversation.id, world.agent.id, world.key.id, "later", now=NOW + 9
    )
    feedback.put(conn, later, rating="down", text="", now=NOW + 10)
    first, second = feedback.of(conn, world.id, world.conversation.id)
    assert (first.session_id, first.rating, first.text) == (world.session.id, "up", "Better.")
    assert (first.created_at, first.updated_at) == (NOW, NOW + 5)
    assert (first.conversation_id, first.agent_id) == (world.conversation.id, world.agent.id)
    assert (second.session_id, second.rating) == (later.id, "down")


def test_it_is_forgotten_with_its_conversation(conn: Connection, world: World) -> None:
    """Its words are part of what was said."""
    feedback.put(conn, world.session, rating="down", text="Too slow.", now=NOW)
    assert conversations.delete(conn, world.id, world.conversation.id)
    assert feedback.of(conn, world.id, world.conversation.id) == []


def test_the_last_words_on_an_agent_and_all_its_thumbs(conn: Connection, world: World) -> None:
    """The newest first, so many; every one counts."""
    for number, rating in enumerate(("up", "down", "up")):
        session = authorize(
            *(conn, world.id, world.conversation.id, world.agent.id, world.key.id),
            f"s{number}",
            now=NOW + number,
        )
        feedback.put(conn, session, rating=rating, text=str(number), now=NOW + number)  # type: ignore[arg-type]  # one of the two
    found = feedback.of_agent(conn, world.id, world.agent.id, limit=2)
    assert [each.text for each in found] == ["2", "1"]
    assert feedback.ratings(conn, world.id, world.agent.id) == {"up": 2, "down": 1}
    assert feedback.ratings(conn, world.id, "agt_nobody") == {}
