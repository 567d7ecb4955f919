"""Credit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from tests.store.world import NOW, World

from duologue.access import balance
from duologue.errors import DuologueError
from duologue.store import organizations

prices = st.floats(min_value=0, max_value=1000, allow_nan=False)


def test_without_a_balance_everything_is_free(conn: Connection, world: World) -> None:
    """Unlimited until the first credit."""
    balance.require(conn, world.id)
    balance.check(None, "ours")


def test_the_last_micro_lets_in_and_nothing_does_not(conn: Connection, world: World) -> None:
    """The refusal says which organization to credit."""
    organizations.credit(conn, world.id, 1, "", NOW)
    balance.require(conn, world.id)
    organizations.take(conn, world.id, 1)
    with pytest.raises(DuologueError, match="orgs credit ours AMOUNT") as error:
        balance.require(conn, world.id)
    assert (error.value.code, error.value.status) == ("insufficient_balance", 402)


def test_a_strange_organization_has_no_credit(conn: Connection) -> None:
    """An unknown id is refused by name."""
    with pytest.raises(DuologueError, match="org_none"):
        balance.require(conn, "org_none")


def test_a_minute_costs_its_price() -> None:
    """In millionths; less than a micro is not charged yet."""
    assert balance.cost(60_000, 0.05) == 50_000
    assert balance.cost(90_000, 1) == 1_500_000
    assert balance.cost(1, 0.05) == 0
    assert balance.cost(10**9, 0) == 0


@given(st.lists(st.integers(min_value=0, max_value=100_000), max_size=50), prices)
def test_ticks_add_up_to_the_whole(ticks: list[int], price: float) -> None:
    """However attached time is cut, its cost is the cost of the whole, and no tick is negative."""
    before, paid = 0, 0
    for ms in ticks:
        one = balance.tick(before, ms, price)
        assert one >= 0
        paid += one
        before += ms
    assert paid == balance.cost(sum(ticks), price)
