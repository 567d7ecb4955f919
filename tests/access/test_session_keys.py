"""Session keys: everything behind them is asked again at the upgrade."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection
from tests.store.world import HOUR, NOW, World

from duologue.access import session_keys
from duologue.errors import DuologueError
from duologue.store import agents, conversations, keys, organizations, sessions
from duologue.store.records import Claim

PAGE = "https://example.com"


def claim(conn: Connection) -> Claim:
    """The claim of the world's session, as it is now."""
    found = sessions.claim(conn, session_keys.digest("ours-1"), NOW)
    assert found is not None
    return found


def refused(found: Claim | None, now: int = NOW, origin: str | None = PAGE) -> str:
    """The code with which the upgrade is refused, and its words."""
    with pytest.raises(DuologueError) as error:
        session_keys.check(found, now, origin=origin)
    return f"{error.value.code}: {error.value}"


def test_a_session_key_is_256_bits_behind_its_prefix() -> None:
    """The prefix tells clients that this opens a socket, not a room."""
    assert re.fullmatch(r"dk_session_[A-Za-z0-9_-]{43}", session_keys.mint())


def test_a_good_claim_passes_until_its_last_millisecond(conn: Connection, world: World) -> None:
    """From any page, as a secret key authorized it and the agent lists none."""
    found = claim(conn)
    assert session_keys.check(found, NOW + HOUR - 1, origin=PAGE) is found
    assert session_keys.check(found, NOW, origin=None) is found
    assert refused(found, NOW + HOUR).startswith("session_key_expired: This session key is expired")


def test_an_unknown_key_is_told_to_authorize_again() -> None:
    """Rotated and invented keys look alike."""
    assert refused(None).startswith("session_key_unknown")


def test_an_ended_conversation_says_why(conn: Connection, world: World) -> None:
    """410 with the reason, before anything else."""
    conversations.end(conn, world.id, world.conversation.id, "hang_up", NOW)
    assert refused(claim(conn), NOW + HOUR).startswith("conversation_ended")
    assert "(hang_up)" in refused(claim(conn))


def test_the_key_of_a_session_that_was_left_is_used_up(conn: Connection, world: World) -> None:
    """A client that left authorizes again."""
    sessions.end(conn, world.id, world.session.id, "left", NOW)
    assert refused(claim(conn)).startswith("session_key_expired: This session key is used up (left")


def test_revoking_the_key_behind_closes_the_door(conn: Connection, world: World) -> None:
    """The organization's key counts at every upgrade, and so does its expiry."""
    late = msgspec.structs.replace(claim(conn), key_expires_at=NOW)
    assert refused(late).startswith("key_expired: This key is expired")
    keys.revoke(conn, world.id, world.key.id, NOW)
    assert refused(claim(conn)).startswith("key_expired: This key is revoked")


def test_an_agent_that_was_withdrawn_is_not_opened(conn: Connection, world: World) -> None:
    """A draft has no audience."""
    agents.unpublish(conn, world.id, world.agent.id, NOW)
    assert refused(claim(conn)).startswith("agent_has_no_org: Agent 'front-desk'")


def test_without_credit_nothing_opens(conn: Connection, world: World) -> None:
    """A balance that ran out since authorize."""
    organizations.credit(conn, world.id, 5, "", NOW)
    organizations.take(conn, world.id, 5)
    assert refused(claim(conn)).startswith("insufficient_balance")


@pytest.mark.parametrize(
    ("facts", "origin", "fits"),
    [
        ({"key_kind": "public", "key_origins": [PAGE]}, PAGE, True),
        ({"key_kind": "public", "key_origins": [PAGE]}, "https://evil.example", False),
        ({"key_kind": "public", "key_origins": [PAGE]}, None, False),
        ({"agent_definition": '{"slug":"a","origins":["https://example.com"]}'}, PAGE, True),
        ({"agent_definition": '{"slug":"a","origins":["https://example.com"]}'}, "null", False),
        ({"key_kind": None}, "http://localhost:8787", True),
        ({"key_kind": None}, PAGE, False),
    ],
)
def test_the_page_is_asked_again(
    conn: Connection, world: World, facts: dict[str, Any], origin: str | None, *, fits: bool
) -> None:
    """The origin rules of authorize hold at the upgrade, too."""
    found = msgspec.structs.replace(claim(conn), **facts)
    if fits:
        assert session_keys.check(found, NOW, origin=origin) is found
    else:
        assert refused(found, origin=origin).startswith("origin_refused")
