"""Conversations in the store."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select
from tests.store.tracing import NS, RUN, TRACE, span, told
from tests.store.world import NOW, World, authorize

from duologue.errors import DuologueError
from duologue.store import (
    agents,
    conversations,
    messages,
    recordings,
    runs,
    sessions,
    trace_lists,
    traces,
    usage,
)
from duologue.store.tables import usage as usage_table


def test_a_conversation_comes_back_as_it_was_made(conn: Connection, world: World) -> None:
    """Metadata included; the session of the world is its current one, one message was said."""
    found = conversations.get(conn, world.id, world.conversation.id)
    assert found is not None
    assert found.metadata == {"lang": "de"}
    assert found.current_session_id == world.session.id
    assert found.next_seq == 2


def test_pages_walk_the_whole_list_newest_first(conn: Connection, world: World) -> None:
    """Five conversations in pages of two: each once, and the last page has no cursor."""
    made = [world.conversation.id]
    made += [
        conversations.create(
            conn, world.id, agent_id=world.agent.id, key_id=None, metadata={}, now=NOW + later
        ).id
        for later in range(1, 5)
    ]
    seen: list[str] = []
    sizes = []
    cursor = None
    while True:
        page = conversations.page(conn, world.id, before=cursor, limit=2)
        seen += [each.id for each in page.items]
        sizes.append(len(page.items))
        cursor = page.next
        if cursor is None:
            break
    assert seen == made[::-1]
    assert sizes == [2, 2, 1]


def test_a_page_is_of_one_agent_when_asked(conn: Connection, world: World) -> None:
    """Only conversations of that agent are listed."""
    other = agents.put(
        conn, world.id, slug="b", name="", definition="{}", source="", now=NOW, publish=True
    )
    made = conversations.create(
        conn, world.id, agent_id=other.id, key_id=None, metadata={}, now=NOW
    )
    page = conversations.page(conn, world.id, agent_id=other.id)
    assert [each.id for each in page.items] == [made.id]


def test_what_is_shared_stays_with_the_conversation(conn: Connection, world: World) -> None:
    """The newest state counts; nothing is shared at first, and there is none without its row."""
    ours = (conn, world.id, world.conversation.id)
    first = conversations.get(*ours)
    assert first is not None
    assert first.state == {}
    for values in ('{"a":1}', '{"b":{"c":["ö"]}}'):
        assert conversations.set_state(*ours, values)
    found = conversations.get(*ours)
    assert found is not None
    assert found.state == {"b": {"c": ["ö"]}}
    assert found.metadata == first.metadata
    assert not conversations.set_state(conn, world.id, "conv_nothing", "{}")


def test_a_conversation_ends_once(conn: Connection, world: World) -> None:
    """The first end stays, with its reason."""
    assert conversations.end(conn, world.id, world.conversation.id, "hang_up", NOW + 1)
    assert not conversations.end(conn, world.id, world.conversation.id, "owner", NOW + 2)
    found = conversations.get(conn, world.id, world.conversation.id)
    assert found is not None
    assert (found.ended_at, found.end_reason) == (NOW + 1, "hang_up")


def leading(conn: Connection, world: World, *tokens: str) -> str:
    """Those of the tokens that lead to the world's conversation."""
    found = {token: conversations.by_resume(conn, token) for token in tokens}
    assert {each.id for each in found.values() if each is not None} <= {world.conversation.id}
    return " ".join(token for token, each in found.items() if each is not None)


def test_two_resume_tokens_lead_back_until_a_session_opens(conn: Connection, world: World) -> None:
    """The newest, and the one that was the newest when somebody was there, or was shown last."""
    ours = (conn, world.id, world.conversation.id)
    for token in ("a", "b", "c"):
        assert conversations.set_resume(*ours, token)
    assert leading(conn, world, "a", "b", "c") == "a c"
    assert not conversations.keep_resume(*ours, "b")
    assert conversations.keep_resume(*ours, "c")
    assert conversations.set_resume(*ours, "d")
    assert leading(conn, world, "a", "c", "d") == "c d"
    assert sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    assert leading(conn, world, "a", "c", "d") == "d"
    assert conversations.set_resume(*ours, "e")
    assert leading(conn, world, "c", "d", "e") == "d e"


def test_a_session_that_does_not_open_voids_no_token(conn: Connection, world: World) -> None:
    """One that ended before it was opened leaves the older token as it was."""
    for token in ("a", "b"):
        conversations.set_resume(conn, world.id, world.conversation.id, token)
    sessions.end(conn, world.id, world.session.id, "unused", NOW)
    assert not sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    assert leading(conn, world, "a", "b") == "a b"


def test_deleting_forgets_what_was_said_and_keeps_what_was_used(
    conn: Connection, world: World
) -> None:
    """Messages, sessions and runs go; the usage row stays for the bill."""
    usage.meter(conn, [(world.id, world.session.id, world.run.id, world.agent.id, 900, 7)], NOW)
    assert conversations.delete(conn, world.id, world.conversation.id)
    assert conversations.get(conn, world.id, world.conversation.id) is None
    assert sessions.get(conn, world.id, world.session.id) is None
    assert runs.get(conn, world.id, world.run.id) is None
    assert messages.of(conn, world.id, world.conversation.id) == []
    kept = conn.execute(select(usage_table.c.attached_ms, usage_table.c.cost_micros)).fetchall()
    assert [tuple(row) for row in kept] == [(900, 7)]
    assert not conversations.delete(conn, world.id, world.conversation.id)


def test_conversation_and_session_take_the_ids_that_were_promised(
    conn: Connection, world: World
) -> None:
    """Whoever was told them before they were written finds them."""
    made = conversations.create(
        conn, world.id, agent_id=world.agent.id, key_id=None, metadata={}, now=NOW, id="conv_1"
    )
    assert conversations.get(conn, world.id, "conv_1") == made
    secret, key = "promised", world.key.id
    session = authorize(conn, world.id, "conv_1", world.agent.id, key, secret, id="sess_1")
    assert session.id == "sess_1"


def test_what_was_on_its_way_does_not_bring_back_what_was_deleted(
    conn: Connection, world: World
) -> None:
    """Neither its trace nor a recording; those that stay for themselves are made as ever."""
    conversation = world.conversation.id
    talks = {TRACE: conversation}

    def record() -> recordings.Recording:
        return recordings.start(
            conn,
            world.id,
            RUN,
            path="a.ogg",
            format="ogg",
            started_ns=NS,
            now=NOW,
            conversation_id=conversation,
        )

    traces.put(conn, world.id, [told(conversation_id=conversation)], NOW, talks)
    made = record()
    assert trace_lists.get(conn, world.id, RUN) is not None
    assert conversations.delete(conn, world.id, conversation)
    other = "0" * 31 + "2"
    traces.put(conn, world.id, [told(status="complete"), span(1), told(other)], NOW, talks)
    assert trace_lists.get(conn, world.id, RUN) is None
    assert trace_lists.get(conn, world.id, f"run_{other}") is not None
    with pytest.raises(DuologueError) as refused:
        record()
    assert refused.value.code == "conversation_not_found"
    assert not recordings.finish(conn, world.id, made.id, duration_ms=1, size=1)
    assert recordings.of(conn, world.id, RUN) == []
