"""Conversations that nobody used for long go by themselves, where that was said."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.tracing import NS, told
from tests.store.world import HOUR, NOW, World, build

from duologue.store import conversations, messages, runs, sessions, trace_lists, traces
from duologue.store.conversation_pruning import prune

LATER = NOW + HOUR


def over(conn: Connection, world: World) -> None:
    """Nobody is in it any more."""
    sessions.end(conn, world.id, world.session.id, "left", NOW)
    runs.end(conn, world.id, world.run.id, "left", None, NOW)


def there(conn: Connection, world: World) -> bool:
    """Whether its conversation is still kept."""
    return conversations.get(conn, world.id, world.conversation.id) is not None


def test_everything_of_it_goes(conn: Connection, world: World) -> None:
    """Words, sessions and traces; what was used since then stays."""
    theirs = build(conn, "theirs")
    facts = told("1" * 32, conversation_id=world.conversation.id, status="complete", started_ns=NS)
    traces.put(conn, world.id, [facts], NOW)
    for each in (world, theirs):
        over(conn, each)
    messages.append(
        conn,
        theirs.id,
        conversation_id=theirs.conversation.id,
        run_id=theirs.run.id,
        session_id=theirs.session.id,
        turn_id="turn-2",
        role="user",
        kind="message",
        text="I am back.",
        item=None,
        now=LATER,
    )
    assert prune(conn, LATER, apart={}) == 1
    assert not there(conn, world)
    assert there(conn, theirs)
    assert messages.of(conn, world.id, world.conversation.id) == []
    assert sessions.get(conn, world.id, world.session.id) is None
    assert trace_lists.page(conn, world.id).items == []
    assert prune(conn, LATER, apart={}) == 0


def test_an_agent_goes_by_its_own_rule(conn: Connection, world: World) -> None:
    """Longer than others, for ever, or alone."""
    over(conn, world)
    this = (world.id, "front-desk")
    assert prune(conn, LATER, apart={this: None}) == 0
    assert prune(conn, LATER, apart={this: NOW}) == 0
    assert prune(conn, None, apart={(world.id, "other"): LATER}) == 0
    assert prune(conn, None, apart={this: LATER}) == 1


def test_nobody_is_forgotten_who_is_there(conn: Connection, world: World) -> None:
    """Neither who talks, nor who dropped and may come back, nor a run that lives."""
    assert prune(conn, LATER, apart={}) == 0  # its run lives
    runs.end(conn, world.id, world.run.id, "left", None, NOW)
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    assert prune(conn, LATER, apart={}) == 0
    sessions.detach(conn, world.id, world.session.id, NOW)
    assert prune(conn, LATER, apart={}) == 0
    sessions.end(conn, world.id, world.session.id, "left", NOW)
    assert prune(conn, LATER, apart={}) == 1
