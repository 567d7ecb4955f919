"""Limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.world import NOW

from duologue.access.limits import DAY_MS, Daily, Limits
from duologue.errors import DuologueError


def accepted(limits: Limits, name: str, now: int) -> bool:
    """Whether one more was let through."""
    try:
        limits.take(name, now)
    except DuologueError:
        return False
    return True


def test_a_full_bucket_lets_a_minute_through_at_once() -> None:
    """Then one more each time a token is back, which for 60 a minute is each second."""
    limits = Limits(60)
    assert sum(accepted(limits, "a", NOW) for _ in range(100)) == 60
    assert not accepted(limits, "a", NOW + 999)
    assert accepted(limits, "a", NOW + 1000)
    assert not accepted(limits, "a", NOW + 1000)
    assert accepted(limits, "b", NOW)


def test_the_refusal_says_who_and_how_long() -> None:
    """Whole seconds, never fewer than needed: after them the next is let through."""
    limits = Limits(2, burst=1)
    limits.take("key_1", NOW)
    with pytest.raises(DuologueError, match=r"from this key\. Try again in 29 s") as error:
        limits.take("key_1", NOW + 1001, who="this key")
    assert error.value.code == "rate_limited"
    with pytest.raises(DuologueError, match="from key_1"):
        limits.take("key_1", NOW + 1)
    assert accepted(limits, "key_1", NOW + 1001 + 29_000)


def test_memory_is_bounded_by_forgetting_who_was_longest_away() -> None:
    """A thousand names in ten places; the one that keeps coming is not forgotten."""
    limits = Limits(1, most=10)
    limits.take("busy", NOW)
    for number in range(1000):
        limits.take(f"n{number}", NOW + number)
        if number < 9:
            assert not accepted(limits, "busy", NOW + number)
    assert len(limits) == 10


@given(
    st.integers(min_value=1, max_value=600),
    st.integers(min_value=1, max_value=20),
    st.lists(st.integers(min_value=0, max_value=5000), max_size=60),
)
def test_no_stretch_of_time_lets_more_through_than_its_share(
    per_minute: int, burst: int, waits: list[int]
) -> None:
    """In any span: at most the burst and what flowed back in that span."""
    limits = Limits(per_minute, burst=burst)
    now, taken = NOW, []
    for wait in waits:
        now += wait
        if accepted(limits, "a", now):
            taken.append(now)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            span = taken[last] - begin
            assert last - first + 1 <= burst + span * per_minute / 60_000 + 1e-6


def test_a_day_has_room_for_so_much_and_begins_at_midnight() -> None:
    """What is too much is not counted; the refusal says who, how much, and when to come again."""
    day = Daily(100)
    midnight = NOW // DAY_MS * DAY_MS
    day.require("a", 60, midnight, who="this key")
    day.count("a", 60)
    with pytest.raises(DuologueError, match=r"this key.*100 bytes.*in 1 s") as error:
        day.require("a", 41, midnight + DAY_MS - 1, who="this key")
    assert (error.value.code, error.value.values["seconds"]) == ("day_used_up", 1)
    day.require("a", 40, midnight + DAY_MS - 1, who="this key")
    day.require("b", 100, midnight, who="this key")
    day.require("a", 100, midnight + DAY_MS, who="this key")
    assert not len(day)


def test_the_memory_of_a_day_is_bounded() -> None:
    """Whoever is counted all the time is not forgotten."""
    day = Daily(1000, most=10)
    for number in range(100):
        day.count("busy", 1)
        day.count(f"n{number}", 1)
    assert len(day) == 10
    with pytest.raises(DuologueError):
        day.require("busy", 901, NOW - NOW, who="this key")
