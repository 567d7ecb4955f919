"""How often one may ask."""

from __future__ import annotations

import pytest

from duologue.errors import DuologueError
from duologue.server.pace import STRANGERS, Pace

NOW = 1_700_000_000_000
HERE = "203.0.113.5"


async def may(pace: Pace, caller: str | None, address: str) -> bool:
    """Whether a request is let in."""
    try:
        await pace.take(caller, address, NOW)
    except DuologueError:
        return False
    return True


async def taken(pace: Pace, caller: str | None, address: str) -> int:
    """How many requests are let in at one moment."""
    count = 0
    while await may(pace, caller, address):
        count += 1
    return count


async def test_made_up_keys_share_the_bucket_of_their_address() -> None:
    """A new key in each request helps nothing; another address is not disturbed."""
    pace = Pace(6000)
    for number in range(STRANGERS):
        await pace.take(f"made-up-{number}", HERE, NOW)
    for caller in ("another", None):
        with pytest.raises(DuologueError, match="this address"):
            await pace.take(caller, HERE, NOW)
    await pace.take("another", "203.0.113.6", NOW)


async def test_a_good_key_has_its_own_pace_wherever_it_is_used() -> None:
    """Once accepted it is bound by its own rate, also from an address that is out of breath."""
    pace = Pace(1000)
    assert await taken(pace, None, HERE) == STRANGERS
    pace.learn("good", good=True)
    assert await taken(pace, "good", HERE) == 1000
    with pytest.raises(DuologueError, match="this key"):
        await pace.take("good", "203.0.113.6", NOW)


async def guess(pace: Pace, caller: str, code: str = "") -> str:
    """How a look-up goes that the key's check ends with that code."""
    try:
        async with pace.guessing(caller, HERE, NOW):
            if code:
                raise DuologueError(code, how="void", agent="desk")
    except DuologueError as error:
        return error.code
    return ""


async def test_of_keys_that_come_once_only_bad_ones_are_counted() -> None:
    """Nor those that are good but refused; who knows a good one is not held up by a neighbour."""
    pace = Pace(3)
    for number in range(9):
        assert await guess(pace, f"good-{number}") == ""
        closed = await guess(pace, f"closed-{number}", "agent_has_no_org")
        assert closed == "agent_has_no_org"
    wrong = [await guess(pace, f"bad-{number}", "session_key_unknown") for number in range(5)]
    assert wrong == ["session_key_unknown"] * 3 + ["rate_limited"] * 2
    assert await guess(pace, "new") == "rate_limited"
    assert await guess(pace, "good-1") == await guess(pace, "closed-1") == ""
    assert await guess(pace, "good-1", "session_key_expired") == "session_key_expired"
    assert await guess(pace, "good-1") == "rate_limited"


async def test_a_key_that_was_revoked_is_a_strangers_again() -> None:
    """What is refused loses its place."""
    pace = Pace(1000)
    pace.learn("good", good=True)
    pace.learn("good", good=False)
    assert await taken(pace, "good", HERE) == STRANGERS


async def test_an_operators_lower_rate_binds_strangers_too() -> None:
    """Strangers never get more than a key."""
    assert await taken(Pace(5), None, HERE) == 5


async def test_an_ipv6_customer_has_one_bucket() -> None:
    """The addresses of one /64 are one caller's; text that is no address is its own bucket."""
    pace = Pace(2)
    await pace.take(None, "2001:db8::1", NOW)
    await pace.take(None, "2001:db8::2", NOW)
    with pytest.raises(DuologueError, match="this address"):
        await pace.take(None, "2001:db8::ffff:3", NOW)
    await pace.take(None, "2001:db8:0:1::1", NOW)
    await pace.take(None, "unix:socket", NOW)


async def test_only_so_many_keys_are_remembered() -> None:
    """The one not seen for longest is forgotten."""
    pace = Pace(600, most=2)
    for caller in ("a", "b", "a", "c"):
        pace.learn(caller, good=True)
    pace.learn(None, good=True)
    assert await taken(pace, None, HERE) == STRANGERS
    await pace.take("a", HERE, NOW)
    await pace.take("c", HERE, NOW)
    with pytest.raises(DuologueError, match="this address"):
        await pace.take("b", HERE, NOW)
