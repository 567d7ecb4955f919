"""Sessions in the store: one key a conversation, and the way of a session's states."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.store.world import HOUR, NOW, World, authorize

from duologue.access.secrets import digest
from duologue.errors import DuologueError
from duologue.store import agents, conversations, keys, organizations, sessions
from duologue.store.records import Session


def again(conn: Connection, world: World, secret: str, now: int = NOW + 1) -> Session:
    """Authorizes the world's conversation once more."""
    return authorize(
        conn, world.id, world.conversation.id, world.agent.id, world.key.id, secret, now=now
    )


def reload(conn: Connection, world: World, session: Session) -> Session:
    """The session as it is stored."""
    found = sessions.get(conn, world.id, session.id)
    assert found is not None
    return found


def test_a_session_comes_back_as_it_was_made(conn: Connection, world: World) -> None:
    """Every column, JSON ones with their values."""
    assert reload(conn, world, world.session) == world.session
    assert world.session.custom_headers == {"x-tenant": "a"}


def test_a_new_session_takes_the_key_of_the_one_before(conn: Connection, world: World) -> None:
    """The unopened one is over, the new one is current and the only one with a key."""
    second = again(conn, world, "second")
    first = reload(conn, world, world.session)
    assert (first.key_hash, first.state, first.end_reason) == (None, "ended", "replaced")
    assert first.ended_at == NOW + 1
    assert sessions.claim(conn, digest("ours-1"), NOW) is None
    claim = sessions.claim(conn, digest("second"), NOW)
    assert claim is not None
    assert claim.session == second
    assert claim.current_session_id == second.id


def test_a_live_session_loses_its_key_and_stays_live(conn: Connection, world: World) -> None:
    """Its socket is for the server to close; its row only cannot be opened again."""
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    again(conn, world, "second")
    first = reload(conn, world, world.session)
    assert (first.key_hash, first.state, first.ended_at) == (None, "live", None)
    sessions.detach(conn, world.id, first.id, NOW)
    assert not sessions.open(conn, world.id, first.id, world.run.id, NOW)


def test_a_strange_conversation_gets_no_session(conn: Connection, world: World) -> None:
    """An unknown id is refused by name and nothing is written."""
    with pytest.raises(DuologueError, match="conv_none"):
        authorize(conn, world.id, "conv_none", world.agent.id, None, "x")
    assert sessions.claim(conn, digest("x"), NOW) is None


def test_a_session_opens_once_drops_and_opens_again(conn: Connection, world: World) -> None:
    """Authorized → live → detached → live → ended; every second asking is told no."""
    at = (conn, world.id, world.session.id)
    assert not sessions.detach(*at, NOW)
    assert sessions.open(*at, "run_a", NOW + 1)
    assert not sessions.open(*at, "run_b", NOW + 2)
    assert sessions.detach(*at, NOW + 3)
    assert reload(conn, world, world.session).detached_at == NOW + 3
    assert sessions.open(*at, "run_b", NOW + 4)
    live = reload(conn, world, world.session)
    assert (live.state, live.run_id, live.opened_at) == ("live", "run_b", NOW + 1)
    assert live.detached_at is None
    assert sessions.end(*at, "left", NOW + 5)
    assert not sessions.end(*at, "again", NOW + 6)
    assert not sessions.open(*at, "run_c", NOW + 7)
    ended = reload(conn, world, world.session)
    assert (ended.state, ended.end_reason, ended.ended_at) == ("ended", "left", NOW + 5)
    assert ended.key_hash is not None


def test_the_session_opened_last_is_found(conn: Connection, world: World) -> None:
    """Not one that was authorized after it, and of no other conversation."""
    ours = (conn, world.id, world.conversation.id)
    assert sessions.last_opened(*ours) is None
    sessions.open(conn, world.id, world.session.id, world.run.id, NOW)
    second = again(conn, world, "second")
    found = sessions.last_opened(*ours)
    assert found is not None
    assert (found.id, found.opened_at) == (world.session.id, NOW)
    sessions.open(conn, world.id, second.id, world.run.id, NOW)
    again(conn, world, "third", NOW + 2)
    found = sessions.last_opened(*ours)
    assert found is not None
    assert found.id == second.id
    assert sessions.last_opened(conn, world.id, "conv_none") is None


def test_a_voided_key_is_unknown(conn: Connection, world: World) -> None:
    """Ending with `void` takes the key, even when the session had ended before."""
    at = (conn, world.id, world.session.id)
    sessions.end(*at, "left", NOW)
    assert not sessions.end(*at, "hang_up", NOW, void=True)
    assert sessions.claim(conn, digest("ours-1"), NOW) is None


def test_an_ended_conversation_opens_no_session(conn: Connection, world: World) -> None:
    """The end of the conversation is seen by the same statement that opens."""
    conversations.end(conn, world.id, world.conversation.id, "hang_up", NOW)
    assert not sessions.open(conn, world.id, world.session.id, world.run.id, NOW)


def test_a_claim_holds_every_fact_that_decides(conn: Connection, world: World) -> None:
    """Conversation, agent, organization and key as they are now, not as they were."""
    organizations.credit(conn, world.id, 9, "", NOW)
    keys.revoke(conn, world.id, world.key.id, NOW + 2)
    agents.unpublish(conn, world.id, world.agent.id, NOW + 3)
    conversations.end(conn, world.id, world.conversation.id, "owner", NOW + 4)
    claim = sessions.claim(conn, digest("ours-1"), NOW)
    assert claim is not None
    assert (claim.conversation_ended_at, claim.conversation_end_reason) == (NOW + 4, "owner")
    assert (claim.agent_slug, claim.agent_published_at) == ("front-desk", None)
    assert claim.agent_definition == '{"slug":"front-desk"}'
    assert (claim.organization_slug, claim.balance_micros) == ("ours", 9)
    assert (claim.key_kind, claim.key_origins, claim.key_revoked_at) == ("secret", [], NOW + 2)
    assert claim.key_expires_at is None


def test_a_session_without_a_key_of_an_organization_is_claimed(
    conn: Connection, world: World
) -> None:
    """What a loopback page in `dev` authorized has no key's facts."""
    authorize(conn, world.id, world.conversation.id, world.agent.id, None, "local")
    claim = sessions.claim(conn, digest("local"), NOW)
    assert claim is not None
    assert (claim.key_kind, claim.key_origins) == (None, [])


def test_pages_filter_and_go_on(conn: Connection, world: World) -> None:
    """By conversation, agent and state, newest first, with a cursor."""
    made = [world.session.id] + [again(conn, world, f"k{n}", NOW + n).id for n in range(1, 4)]
    first = sessions.page(conn, world.id, conversation_id=world.conversation.id, limit=3)
    assert [each.id for each in first.items] == made[:0:-1]
    rest = sessions.page(conn, world.id, before=first.next, limit=3)
    assert ([each.id for each in rest.items], rest.next) == (made[:1], None)
    unopened = sessions.page(conn, world.id, state="authorized", agent_id=world.agent.id)
    assert [each.id for each in unopened.items] == made[-1:]
    assert sessions.page(conn, world.id, agent_id="agt_none").items == []


def test_problems_of_live_sessions_are_named(conn: Connection, world: World) -> None:
    """Nothing at first; then rotated, ended, revoked; a deleted one counts as ended."""
    ours = world.session.id
    sessions.open(conn, world.id, ours, world.run.id, NOW)
    assert sessions.live_problems(conn, [ours, "sess_gone"]) == {"sess_gone": "ended"}
    second = again(conn, world, "second").id
    assert sessions.live_problems(conn, [ours, second]) == {ours: "rotated"}
    conversations.end(conn, world.id, world.conversation.id, "owner", NOW)
    assert sessions.live_problems(conn, [second]) == {second: "ended"}
    keys.revoke(conn, world.id, world.key.id, NOW + HOUR)
    assert sessions.live_problems(conn, [second]) == {second: "revoked"}
    assert sessions.live_problems(conn, []) == {}
