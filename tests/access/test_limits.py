"""Limits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.world import NOW

from duologue.access.limits import DAY_MS, Daily, Limits, Share
from duologue.errors import DuologueError


async def accepted(limits: Limits, name: str, now: int) -> bool:
    """Whether one more was let through."""
    try:
        await limits.take(name, now)
    except DuologueError:
        return False
    return True


class Others:
    """Counts as other processes have them, or none."""

    def __init__(self) -> None:
        self.waits: float | None = 0.0
        self.full: int | None = 0
        self.asked: list[object] = []

    async def wait(self, name: str, each_ms: float, room_ms: float) -> float | None:
        """As long as this says."""
        self.asked.append((name, each_ms, room_ms))
        return self.waits

    async def spend(self, day: int, shares: Sequence[tuple[str, int]], size: int) -> int | None:
        """The share that this says."""
        self.asked.append((day, list(shares), size))
        return self.full


async def test_a_full_bucket_lets_a_minute_through_at_once() -> None:
    """Then one more each time a token is back, which for 60 a minute is each second."""
    limits = Limits(60)
    assert [await accepted(limits, "a", NOW) for _ in range(100)].count(True) == 60
    assert not await accepted(limits, "a", NOW + 999)
    assert await accepted(limits, "a", NOW + 1000)
    assert not await accepted(limits, "a", NOW + 1000)
    assert await accepted(limits, "b", NOW)


async def test_the_refusal_says_who_and_how_long() -> None:
    """Whole seconds, never fewer than needed: after them the next is let through."""
    limits = Limits(2, burst=1)
    await limits.take("key_1", NOW)
    with pytest.raises(DuologueError, match=r"from this key\. Try again in 29 s") as error:
        await limits.take("key_1", NOW + 1001, who="this key")
    assert error.value.code == "rate_limited"
    with pytest.raises(DuologueError, match="from key_1"):
        await limits.take("key_1", NOW + 1)
    assert await accepted(limits, "key_1", NOW + 1001 + 29_000)


async def test_memory_is_bounded_by_forgetting_who_was_longest_away() -> None:
    """A thousand names in ten places; the one that keeps coming is not forgotten."""
    limits = Limits(1, most=10)
    await limits.take("busy", NOW)
    for number in range(1000):
        await limits.take(f"n{number}", NOW + number)
        if number < 9:
            assert not await accepted(limits, "busy", NOW + number)
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

    async def let_through() -> list[int]:
        limits = Limits(per_minute, burst=burst)
        now, found = NOW, []
        for wait in waits:
            now += wait
            if await accepted(limits, "a", now):
                found.append(now)
        return found

    taken = asyncio.run(let_through())
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            span = taken[last] - begin
            assert last - first + 1 <= burst + span * per_minute / 60_000 + 1e-6


async def test_whether_one_is_left_may_be_asked_without_taking_it() -> None:
    """As often as anybody likes, and of whoever never took one nothing is remembered."""
    limits = Limits(60, burst=2)
    for _ in range(5):
        await limits.require("a", NOW)
    assert not len(limits)
    await limits.take("a", NOW)
    await limits.require("a", NOW)
    await limits.take("a", NOW)
    for now in (NOW, NOW + 999):
        with pytest.raises(DuologueError, match=r"this key\. Try again in 1 s"):
            await limits.require("a", now, who="this key")
    await limits.require("a", NOW + 1000)
    await limits.take("a", NOW + 1000)


async def test_with_others_it_is_they_who_count() -> None:
    """Under the kind of the limit; the own count is not touched."""
    others = Others()
    limits = Limits(60, burst=2, kind="door", counts=others)
    for _ in range(5):
        await limits.take("a", NOW)
    await limits.require("a", NOW)
    assert others.asked == [("door:a", 1000.0, 2000.0)] * 5 + [("door:a", 0.0, 1000.0)]
    assert not len(limits)
    others.waits = 1200.5
    with pytest.raises(DuologueError, match=r"this key.*in 2 s"):
        await limits.take("a", NOW, who="this key")


async def test_while_the_others_cannot_be_asked_each_counts_for_itself() -> None:
    """From a full bucket."""
    others = Others()
    others.waits = others.full = None
    limits = Limits(60, burst=2, kind="door", counts=others)
    assert [await accepted(limits, "a", NOW) for _ in range(3)] == [True, True, False]
    day = Daily(counts=others)
    await day.take([Share("a", 100, "this key")], 60, NOW)
    with pytest.raises(DuologueError, match="this key"):
        await day.take([Share("a", 100, "this key")], 60, NOW)


async def test_a_day_has_room_for_so_much_and_begins_at_midnight() -> None:
    """What is too much is not counted; the refusal says who, how much, and when to come again."""
    day = Daily()
    a, b = Share("a", 100, "this key"), Share("b", 100, "this key")
    midnight = NOW // DAY_MS * DAY_MS
    await day.take([a], 60, midnight)
    with pytest.raises(DuologueError, match=r"this key.*100 bytes.*in 1 s") as error:
        await day.take([a], 41, midnight + DAY_MS - 1)
    assert (error.value.code, error.value.values["seconds"]) == ("day_used_up", 1)
    await day.take([a], 40, midnight + DAY_MS - 1)
    await day.take([b], 100, midnight)
    await day.take([a], 100, midnight + DAY_MS)
    assert len(day) == 1


async def test_what_one_share_has_no_room_for_is_taken_of_none() -> None:
    """The refusal is of the one that is full."""
    day = Daily()
    visitor, key = Share("v", 50, "this visitor"), Share("k", 100, "this key")
    await day.take([visitor, key], 50, NOW)
    with pytest.raises(DuologueError, match="this visitor"):
        await day.take([visitor, key], 10, NOW)
    await day.take([key], 50, NOW)
    with pytest.raises(DuologueError, match="this key"):
        await day.take([Share("w", 50, "this visitor"), key], 1, NOW)


async def test_a_day_that_is_shared_is_counted_by_the_others() -> None:
    """They say which share is full."""
    others = Others()
    day = Daily(counts=others)
    shares = [Share("v", 50, "this visitor"), Share("k", 100, "this key")]
    await day.take(shares, 10, NOW)
    assert others.asked == [(NOW // DAY_MS, [("v", 50), ("k", 100)], 10)]
    others.full = 2
    with pytest.raises(DuologueError, match="this key"):
        await day.take(shares, 10, NOW)


async def test_the_memory_of_a_day_is_bounded() -> None:
    """Whoever is counted all the time is not forgotten."""
    day = Daily(most=10)
    busy = Share("busy", 1000, "this key")
    for number in range(100):
        await day.take([Share(f"n{number}", 1000, "this key"), busy], 1, NOW)
    assert len(day) == 10
    with pytest.raises(DuologueError):
        await day.take([busy], 901, NOW)
