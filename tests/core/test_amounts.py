"""Credit as people write it."""

from __future__ import annotations

import pytest

from duologue.core import amounts


@pytest.mark.parametrize(
    ("text", "micros"),
    [("0", 0), ("25", 25_000_000), (" 1,000.50 ", 1_000_500_000), ("0.000001", 1), ("1e3", 10**9)],
)
def test_an_amount_is_kept_in_millionths(text: str, micros: int) -> None:
    """Commas part thousands."""
    assert amounts.micros(text) == micros
    assert amounts.balance(text) == micros


@pytest.mark.parametrize("text", ["", "much", "-1", "nan", "inf", "2e9", "1.5.0"])
def test_what_is_none_is_named(text: str) -> None:
    """With what it may be."""
    for read in (amounts.micros, amounts.balance):
        with pytest.raises(ValueError, match=r"write a number from 0 to 1,000,000,000") as caught:
            read(text)
        assert repr(text) in str(caught.value)


def test_a_balance_may_be_without_a_limit() -> None:
    """An amount may not."""
    assert amounts.balance(" Unlimited") is None
    with pytest.raises(ValueError, match="'unlimited'"):
        amounts.micros("unlimited")
