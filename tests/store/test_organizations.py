"""Organizations and their balance."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from tests.store.world import NOW

from duologue.errors import DuologueError
from duologue.store import organizations


def test_an_organization_is_found_by_id_and_by_slug(conn: Connection) -> None:
    """Either name leads to the same record, unlimited at first."""
    made = organizations.create(conn, slug="acme", name="Acme", now=NOW)
    assert organizations.get(conn, made.id) == organizations.get(conn, "acme") == made
    assert made.balance_micros is None
    assert organizations.get(conn, "nobody") is None


def test_the_first_start_makes_the_default_organization(conn: Connection) -> None:
    """A new database has exactly one organization, `default`."""
    assert [each.slug for each in organizations.all(conn)] == ["default"]


def test_a_slug_is_taken_once(conn: Connection) -> None:
    """The second organization of a slug is refused with the slug in the words."""
    organizations.create(conn, slug="acme", name="Acme", now=NOW)
    with pytest.raises(DuologueError, match="'acme'"):
        organizations.create(conn, slug="acme", name="Other", now=NOW)


def test_the_first_credit_meters_from_zero(conn: Connection) -> None:
    """Unlimited becomes exactly what was credited; further credit adds up."""
    made = organizations.create(conn, slug="acme", name="Acme", now=NOW)
    assert organizations.credit(conn, made.id, 5_000_000, "first", NOW).balance_micros == 5_000_000
    assert organizations.credit(conn, made.id, 1, "second", NOW).balance_micros == 5_000_001
    with pytest.raises(DuologueError, match="org_nobody"):
        organizations.credit(conn, "org_nobody", 1, "", NOW)


def test_taking_stops_at_zero_and_leaves_unlimited_alone(conn: Connection) -> None:
    """A balance never goes below zero; what has none is not given one by taking."""
    made = organizations.create(conn, slug="acme", name="Acme", now=NOW)
    assert organizations.take(conn, made.id, 10) is None
    organizations.credit(conn, made.id, 15, "", NOW)
    assert [organizations.take(conn, made.id, 10) for _ in range(2)] == [5, 0]
    assert organizations.take(conn, "org_nobody", 1) is None


def test_a_balance_is_set_and_every_change_is_noted(conn: Connection) -> None:
    """What it changed by, the newest first; unlimited counts as nothing."""
    made = organizations.create(conn, slug="acme", name="Acme", now=NOW)
    organizations.credit(conn, made.id, 10, "first", NOW)
    assert organizations.set_balance(conn, made.id, 4, "less", NOW + 1).balance_micros == 4
    assert organizations.set_balance(conn, made.id, None, "", NOW + 2).balance_micros is None
    noted = organizations.credits_of(conn, made.id, limit=2)
    assert [(each.micros, each.note, each.created_at) for each in noted] == [
        (-4, "", NOW + 2),
        (-6, "less", NOW + 1),
    ]
    with pytest.raises(DuologueError, match="org_nobody"):
        organizations.set_balance(conn, "org_nobody", 1, "", NOW)
