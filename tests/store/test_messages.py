"""The transcript in the store."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from tests.store.world import NOW, World

from duologue.errors import DuologueError
from duologue.store import messages
from duologue.store.records import Message


def say(conn: Connection, world: World, text: str, **changes: Any) -> Message:
    """Appends a line of the assistant's."""
    facts: dict[str, Any] = {
        "conversation_id": world.conversation.id,
        "run_id": world.run.id,
        "session_id": None,
        "turn_id": "turn-2",
        "role": "assistant",
        "kind": "message",
        "now": NOW + 1,
    }
    return messages.append(conn, world.id, text=text, **(facts | changes))


def test_messages_are_numbered_and_come_back_in_order(conn: Connection, world: World) -> None:
    """Numbers start at one without a gap; text and item are as they were given."""
    made = [world.message, say(conn, world, "two"), say(conn, world, "three", id="msg_mine")]
    assert messages.of(conn, world.id, world.conversation.id) == made
    assert [each.seq for each in made] == [1, 2, 3]
    assert made[2].id == "msg_mine"


def test_a_piece_of_the_transcript_can_be_asked_for(conn: Connection, world: World) -> None:
    """From behind a number, at most so many."""
    for text in ("two", "three", "four"):
        say(conn, world, text)
    found = messages.of(conn, world.id, world.conversation.id, after_seq=1, limit=2)
    assert [each.text for each in found] == ["two", "three"]


def test_what_is_not_given_stays(conn: Connection, world: World) -> None:
    """Each field is revised alone; the rest is what it was."""
    made = say(conn, world, "begin", final=False, item={"a": 1})
    steps: list[dict[str, Any]] = [
        {"text": ""},
        {"interrupted": True},
        {"final": True},
        {"item": {"b": 2}},
        {"final": False, "interrupted": False},
    ]
    seen = []
    for step in steps:
        assert messages.revise(conn, world.id, made.id, now=NOW + 9, **step)
        last = messages.of(conn, world.id, world.conversation.id)[-1]
        seen.append((last.text, last.interrupted, last.final, last.item, last.updated_at))
    assert seen == [
        ("", False, False, {"a": 1}, NOW + 9),
        ("", True, False, {"a": 1}, NOW + 9),
        ("", True, True, {"a": 1}, NOW + 9),
        ("", True, True, {"b": 2}, NOW + 9),
        ("", False, False, {"b": 2}, NOW + 9),
    ]
    assert not messages.revise(conn, world.id, "msg_none", text="x", now=NOW)


def test_a_strange_conversation_gets_no_message(conn: Connection, world: World) -> None:
    """An unknown id is refused by name."""
    with pytest.raises(DuologueError, match="conv_none"):
        say(conn, world, "x", conversation_id="conv_none")


def test_a_message_can_be_forgotten(conn: Connection, world: World) -> None:
    """It is gone; its number is not given again; another organization cannot do it."""
    said = say(conn, world, "two")
    assert not messages.remove(conn, "org_other", said.id)
    assert messages.remove(conn, world.id, said.id)
    assert not messages.remove(conn, world.id, said.id)
    assert [one.seq for one in messages.of(conn, world.id, world.conversation.id)] == [1]
    assert say(conn, world, "three").seq == 3


def test_a_message_is_forgotten_once(conn: Connection, world: World) -> None:
    """Its number is not given again, so the order of the others holds."""
    made = say(conn, world, "never heard", final=False)
    assert messages.remove(conn, world.id, made.id)
    assert not messages.remove(conn, world.id, made.id)
    assert say(conn, world, "next").seq == made.seq + 1
