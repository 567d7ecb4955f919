"""Keys in the store."""

from __future__ import annotations

from sqlalchemy import Connection
from tests.store.world import HOUR, NOW, World

from duologue.store import keys


def test_a_key_is_found_by_its_hash_as_it_was_written(conn: Connection, world: World) -> None:
    """Every column comes back, lists in their order."""
    made = keys.insert(
        conn,
        world.id,
        kind="public",
        hash="f" * 64,
        hint="wxyz",
        name="page",
        agent_id=world.agent.id,
        origins=["https://b.example", "https://a.example"],
        scopes=[],
        now=NOW,
        expires_at=NOW + HOUR,
    )
    assert keys.by_hash(conn, "f" * 64) == made
    assert made.origins == ["https://b.example", "https://a.example"]
    assert keys.by_hash(conn, "0" * 64) is None
    assert {each.id for each in keys.all(conn, world.id)} == {made.id, world.key.id}


def test_the_first_revocation_stays(conn: Connection, world: World) -> None:
    """Revoking twice keeps the time of the first."""
    first = keys.revoke(conn, world.id, world.key.id, NOW + 1)
    second = keys.revoke(conn, world.id, world.key.id, NOW + 2)
    assert first is not None
    assert first.revoked_at == NOW + 1
    assert second == first
    assert keys.revoke(conn, world.id, "key_none", NOW) is None


def test_use_is_noted_to_the_minute(conn: Connection, world: World) -> None:
    """A second use within a minute writes nothing; one after it does."""

    def last() -> int | None:
        found = keys.by_hash(conn, world.key.hash)
        assert found is not None
        return found.last_used_at

    seen = [last()]
    for now in (NOW, NOW + 59_999, NOW + 60_000):
        keys.used(conn, world.id, world.key.id, now)
        seen.append(last())
    assert seen == [None, NOW, NOW, NOW + 60_000]
