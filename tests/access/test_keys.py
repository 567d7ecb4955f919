"""Keys: made with care, recognized, refused with the reason."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.store.world import HOUR, NOW, World

from duologue.access import keys
from duologue.errors import DuologueError
from duologue.store import keys as store
from duologue.store import tables
from duologue.store.records import Key

PAGE: dict[str, Any] = {
    "kind": "public",
    "agent": "front-desk",
    "origins": ["https://Example.com:443", "https://example.com"],
}


def create(conn: Connection, world: World, **changes: Any) -> tuple[Key, str]:
    """A secret key with what is changed."""
    facts: dict[str, Any] = {
        "kind": "secret",
        "name": "mine",
        "agent": None,
        "origins": [],
        "scopes": [],
        "expires_at": None,
        "now": NOW,
    }
    return keys.create(conn, world.id, **(facts | changes))


def code(error: pytest.ExceptionInfo[DuologueError]) -> str:
    """The code that was raised."""
    return error.value.code


def test_a_secret_key_acts_for_its_organization(conn: Connection, world: World) -> None:
    """Who presents it is known by organization, key and scopes."""
    made, text = create(conn, world, scopes=["admin", "read", "admin"])
    assert re.fullmatch(r"dk_secret_[A-Za-z0-9_-]{43}", text)
    assert made.hint == text[-4:]
    assert keys.authenticate(conn, text, NOW) == keys.Principal(
        world.id, made.id, "secret", None, (), ("read", "admin")
    )


def test_a_secret_key_may_little_when_nothing_was_said(conn: Connection, world: World) -> None:
    """Without scopes it opens sessions and reads."""
    made, _ = create(conn, world)
    assert made.scopes == ["sessions", "read"]


def test_the_text_is_nowhere_in_the_database(conn: Connection, world: World) -> None:
    """Only the hash and the last four letters are kept."""
    _, text = create(conn, world)
    rows = conn.execute(select(tables.keys)).fetchall()
    assert text not in str(rows)
    assert text.removeprefix("dk_secret_") not in str(rows)


def test_a_public_key_is_of_one_agent_and_its_pages(conn: Connection, world: World) -> None:
    """The agent may be named by slug; origins are kept as they are compared, once."""
    made, text = create(conn, world, **PAGE)
    assert text.startswith("dk_public_")
    assert (made.agent_id, made.origins, made.scopes) == (
        world.agent.id,
        ["https://example.com"],
        [],
    )
    assert keys.authenticate(conn, text, NOW).origins == ("https://example.com",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "open"}, "not 'open'"),
        ({"expires_at": NOW}, "expiry lies in the past"),
        ({"scopes": ["read", "fly"]}, "no scope 'fly'.*sessions, read, ingest, admin"),
        ({"agent": "front-desk"}, "agent and origins are for public"),
        ({"origins": ["https://a.example"]}, "agent and origins are for public"),
        (PAGE | {"scopes": ["read"]}, "public key has no scopes"),
        (PAGE | {"agent": None}, "needs the agent"),
        (PAGE | {"origins": []}, "needs the origins"),
        (PAGE | {"origins": ["example.com"]}, "'example.com' is not an origin"),
        (PAGE | {"agent": "other"}, "no agent 'other'. Known: front-desk"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_in_words(
    conn: Connection, world: World, changes: dict[str, Any], words: str
) -> None:
    """Each refusal says what is wrong, and no key is made."""
    with pytest.raises(DuologueError, match=words):
        create(conn, world, **changes)
    assert store.all(conn, world.id) == [world.key]


def test_an_organization_without_agents_is_told_so(conn: Connection, world: World) -> None:
    """There is nothing to list, and the words say none."""
    conn.execute(tables.messages.delete())
    conn.execute(tables.sessions.delete())
    conn.execute(tables.runs.delete())
    conn.execute(tables.conversations.delete())
    conn.execute(tables.agents.delete())
    with pytest.raises(DuologueError, match="Known: none"):
        create(conn, world, **PAGE)


@pytest.mark.parametrize(
    ("presented", "expected"),
    [(None, "key_missing"), ("", "key_missing"), ("dk_secret_wrong", "key_unknown")],
)
def test_no_key_and_a_wrong_key_are_told_apart(
    conn: Connection, presented: str | None, expected: str
) -> None:
    """Both are 401, with their own code."""
    with pytest.raises(DuologueError) as error:
        keys.authenticate(conn, presented, NOW)
    assert (code(error), error.value.status) == (expected, 401)


def test_an_expired_key_and_a_revoked_key_say_which(conn: Connection, world: World) -> None:
    """Valid until the last millisecond; revocation comes first when both are true."""
    made, text = create(conn, world, expires_at=NOW + HOUR)
    assert keys.authenticate(conn, text, NOW + HOUR - 1).key_id == made.id
    with pytest.raises(DuologueError, match="is expired"):
        keys.authenticate(conn, text, NOW + HOUR)
    store.revoke(conn, world.id, made.id, NOW)
    with pytest.raises(DuologueError, match="is revoked") as error:
        keys.authenticate(conn, text, NOW + HOUR)
    assert code(error) == "key_expired"


def test_a_scope_that_is_lacking_is_named(conn: Connection, world: World) -> None:
    """The words name what is asked and what is held, even if that is nothing."""
    held = keys.authenticate(conn, create(conn, world)[1], NOW)
    held.require("read")
    with pytest.raises(DuologueError, match="scope 'admin'; it has: sessions, read"):
        held.require("admin")
    public = keys.authenticate(conn, create(conn, world, **PAGE)[1], NOW)
    with pytest.raises(DuologueError, match="it has: none"):
        public.require("sessions")


def test_a_public_key_opens_only_its_agent(conn: Connection, world: World) -> None:
    """Its own without a scope, another one never."""
    public = keys.authenticate(conn, create(conn, world, **PAGE)[1], NOW)
    public.require_agent(world.agent.id, "front-desk")
    with pytest.raises(DuologueError, match="not 'other'") as error:
        public.require_agent("agt_other", "other")
    assert code(error) == "key_wrong_agent"


def test_a_secret_key_opens_any_agent_with_the_scope(conn: Connection, world: World) -> None:
    """The scope `sessions` is what counts."""
    keys.authenticate(conn, create(conn, world)[1], NOW).require_agent("agt_any", "any")
    reader = keys.authenticate(conn, create(conn, world, scopes=["read"])[1], NOW)
    with pytest.raises(DuologueError, match="'sessions'"):
        reader.require_agent("agt_any", "any")


def test_a_page_on_this_machine_may_all_but_work() -> None:
    """In `dev`, without a key."""
    principal = keys.local("org_1")
    assert (principal.kind, principal.key_id) == ("local", None)
    principal.require_agent("agt_any", "any")
    for scope in keys.SCOPES:
        principal.require(scope)


def test_a_key_is_recalled_by_its_id_while_it_is_good(conn: Connection, world: World) -> None:
    """Who showed it before is known by it; revoked, expired and unknown ones are refused."""
    made, text = create(conn, world, expires_at=NOW + HOUR)
    assert keys.recalled(conn, world.id, made.id, NOW) == keys.authenticate(conn, text, NOW)
    with pytest.raises(DuologueError) as error:
        keys.recalled(conn, world.id, made.id, NOW + HOUR)
    assert code(error) == "key_expired"
    for org_id, key_id in ((world.id, "key_x"), ("org_x", made.id)):
        with pytest.raises(DuologueError) as error:
            keys.recalled(conn, org_id, key_id, NOW)
        assert code(error) == "key_unknown"


def test_more_pages_may_use_a_public_key(conn: Connection, world: World) -> None:
    """Each origin once, as it is compared; the key's text stays what it was."""
    made, text = create(conn, world, **PAGE)
    listed = ["https://Shop.example:443", "https://example.com"]
    after = keys.allow(conn, world.id, made.id, listed)
    assert after.origins == ["https://example.com", "https://shop.example"]
    assert keys.authenticate(conn, text, NOW).origins == tuple(after.origins)


def test_no_page_may_use_a_secret_key_or_none(conn: Connection, world: World) -> None:
    """The refusal says why."""
    with pytest.raises(DuologueError, match="secret key acts for its organization"):
        keys.allow(conn, world.id, world.key.id, ["https://a.example"])
    with pytest.raises(DuologueError, match="key_none") as error:
        keys.allow(conn, world.id, "key_none", ["https://a.example"])
    assert code(error) == "key_not_found"
    made, _ = create(conn, world, **PAGE)
    with pytest.raises(DuologueError, match="is not an origin"):
        keys.allow(conn, world.id, made.id, ["example.com"])


@pytest.mark.parametrize("page", [False, True])
def test_a_rotated_key_is_good_beside_the_new_one_for_a_while(
    conn: Connection, world: World, *, page: bool
) -> None:
    """Both open the same until the overlap is over; after it the old one has expired."""
    made, text = create(conn, world, **(PAGE if page else {"scopes": ["admin"]}))
    after, new, before = keys.rotate(conn, world.id, made.id, overlap_ms=HOUR, now=NOW)
    for presented in (text, new):
        found = keys.authenticate(conn, presented, NOW + HOUR - 1)
        assert (found.agent_id, list(found.origins)) == (made.agent_id, made.origins)
        assert list(found.scopes) == made.scopes
    assert (after.name, after.expires_at) == (made.name, None)
    assert before.id == made.id
    with pytest.raises(DuologueError, match="expired"):
        keys.authenticate(conn, text, NOW + HOUR)
    assert keys.authenticate(conn, new, NOW + HOUR).key_id == after.id


def test_without_an_overlap_the_old_key_is_void_at_once(conn: Connection, world: World) -> None:
    """It is revoked, so that what it opened is closed."""
    made, text = create(conn, world)
    _, new, before = keys.rotate(conn, world.id, made.id, overlap_ms=0, now=NOW)
    assert before.revoked_at == NOW
    with pytest.raises(DuologueError, match="revoked"):
        keys.authenticate(conn, text, NOW)
    assert keys.authenticate(conn, new, NOW).scopes == ("sessions", "read")


def test_a_rotated_key_lasts_as_long_as_the_old_one_was_made_to(
    conn: Connection, world: World
) -> None:
    """And an old one that ends sooner than the overlap still does."""
    made, _ = create(conn, world, expires_at=NOW + 3 * HOUR)
    later = NOW + 2 * HOUR
    after, _, before = keys.rotate(conn, world.id, made.id, overlap_ms=5 * HOUR, now=later)
    assert after.expires_at == later + 3 * HOUR
    assert before.expires_at == NOW + 3 * HOUR


def test_what_cannot_be_rotated_is_named(conn: Connection, world: World) -> None:
    """A key that is not there, one that is void, and an overlap without end."""
    made, _ = create(conn, world)
    with pytest.raises(DuologueError, match="key_nobody"):
        keys.rotate(conn, world.id, "key_nobody", overlap_ms=0, now=NOW)
    for overlap in (-1, keys.LONGEST_OVERLAP_MS + 1):
        with pytest.raises(DuologueError, match="90 days at most"):
            keys.rotate(conn, world.id, made.id, overlap_ms=overlap, now=NOW)
    store.revoke(conn, world.id, made.id, NOW)
    with pytest.raises(DuologueError, match="revoked"):
        keys.rotate(conn, world.id, made.id, overlap_ms=0, now=NOW)
    assert {each.id for each in store.all(conn, world.id)} == {world.key.id, made.id}


def test_a_key_is_valid_expired_or_revoked(conn: Connection, world: World) -> None:
    """Revoked counts more."""
    made, _ = create(conn, world, expires_at=NOW + HOUR)
    assert keys.state(made, NOW + HOUR - 1) == "valid"
    assert keys.state(made, NOW + HOUR) == "expired"
    store.revoke(conn, world.id, made.id, NOW)
    void = store.get(conn, world.id, made.id)
    assert void is not None
    assert keys.state(void, NOW + HOUR) == "revoked"
