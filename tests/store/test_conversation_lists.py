"""Conversations as a list: what was said first in each."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.world import NOW, World

from duologue.store import conversation_lists, messages


def test_the_first_words_are_the_users_if_there_are_any(conn: Connection, world: World) -> None:
    """Of the conversations that are asked for, in one organization."""
    found = conversation_lists.first_words(conn, world.id, [world.conversation.id, "conv_other"])
    assert found == {world.conversation.id: world.message.text}
    messages.remove(conn, world.id, world.message.id)
    messages.append(
        conn,
        world.id,
        conversation_id=world.conversation.id,
        run_id=world.run.id,
        session_id=None,
        turn_id="t",
        role="assistant",
        kind="message",
        text="Hello!",
        now=NOW,
    )
    found = conversation_lists.first_words(conn, world.id, [world.conversation.id])
    assert found == {world.conversation.id: "Hello!"}
    assert conversation_lists.first_words(conn, "org_other", [world.conversation.id]) == {}
