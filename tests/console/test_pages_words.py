"""How the console writes figures."""

from __future__ import annotations

import pytest

from duologue.console.pages import words

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (0, "0 min"),
        (24_000, "0.4 min"),
        (9.9 * MINUTE, "9.9 min"),
        (38 * MINUTE, "38 min"),
        (99 * MINUTE, "99 min"),
        (100 * MINUTE, "1.7 h"),
        (30 * HOUR, "30.0 h"),
    ],
)
def test_time_that_people_talked_is_short(milliseconds: float, written: str) -> None:
    """Minutes with a digit where there are few, and hours where there are many."""
    assert words.minutes(int(milliseconds)) == written


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (-5, "in 0 min"),
        (8 * MINUTE, "in 8 min"),
        (2 * HOUR, "in 2 h"),
        (47 * HOUR, "in 47 h"),
        (2 * DAY, "in 2 days"),
        (30 * DAY - 1, "in 29 days"),
    ],
)
def test_what_is_to_come_is_told_in_full_units(milliseconds: int, written: str) -> None:
    """It never says more than is left."""
    assert words.ahead(milliseconds) == written


def test_room_and_credit() -> None:
    """With their units; a balance without a limit has none."""
    assert [words.size(each) for each in (0, 640_400, 12_400_000)] == ["0 kB", "640 kB", "12.4 MB"]
    assert [words.credit(each) for each in (None, 0, -1_022_500_000)] == [
        "unlimited",
        "0.00",
        "-1,022.50",
    ]
