"""Counts that processes keep together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import pytest
from tests.bus.conftest import process
from tests.redis import Redis

from duologue.access.limits import DAY_MS, Daily, Limits, Share
from duologue.bus.line import Line
from duologue.bus.redis_counts import RedisCounts
from duologue.errors import DuologueError
from duologue.wire.live import Doing

pytestmark = pytest.mark.redis
NOW = 1_700_000_000_000
_prefixes = count()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine's Redis is waited for: else each process would count for itself."""
    monkeypatch.setattr("duologue.bus.redis_counts.PATIENCE", 30.0)


@asynccontextmanager
async def two(redis: Redis) -> AsyncIterator[tuple[RedisCounts, RedisCounts, Line]]:
    """The counts of two processes, with nothing counted yet; and the first one's line."""
    prefix = f"duologue:{next(_prefixes)}"
    async with process(redis.url) as here, process(redis.url) as there:
        line = here._line
        yield RedisCounts(line, prefix), RedisCounts(there._line, prefix), line


async def may(limits: Limits, name: str) -> bool:
    """Whether one more is let through."""
    try:
        await limits.take(name, NOW, who="this key")
    except DuologueError as error:
        assert error.code == "rate_limited"  # noqa: PT017  # nothing else is expected
        return False
    return True


async def test_what_one_process_let_through_counts_for_the_others(redis: Redis) -> None:
    """Of one name, and of one kind of limit."""
    async with two(redis) as (here, there, _):
        doors = [Limits(1, burst=10, kind="door", counts=counts) for counts in (here, there)]
        let = [await may(doors[number % 2], "a") for number in range(14)]
        assert let == [True] * 10 + [False] * 4
        assert await may(doors[0], "b")
        assert await may(Limits(1, burst=10, kind="gate", counts=there), "a")


async def test_whether_one_is_left_is_asked_of_all_processes(redis: Redis) -> None:
    """Without taking it."""
    async with two(redis) as (here, there, _):
        first, second = (Limits(1, burst=2, kind="door", counts=each) for each in (here, there))
        for _ in range(3):
            await second.require("a", NOW)
        assert [await may(first, "a") for _ in range(3)] == [True, True, False]
        with pytest.raises(DuologueError, match="Too many requests"):
            await second.require("a", NOW)


async def test_of_fifty_at_once_no_more_get_through_than_may(redis: Redis) -> None:
    """From two processes: each is counted in one step."""
    async with two(redis) as (here, there, _):
        doors = [Limits(1, burst=20, kind="door", counts=counts) for counts in (here, there)]
        let = await asyncio.gather(*(may(doors[number % 2], "a") for number in range(50)))
        assert let.count(True) == 20


async def test_tokens_come_back_as_time_goes_by(redis: Redis) -> None:
    """By Redis's own clock, whatever this process says."""
    async with two(redis) as (here, _, line):
        limits = Limits(600, burst=1, kind="door", counts=here)
        assert await may(limits, "a")
        async with asyncio.timeout(30):
            while not await may(limits, "a"):  # noqa: ASYNC110  # only time brings them
                await asyncio.sleep(0.02)
        slow = Limits(1, burst=1, kind="door", counts=here)
        await slow.take("b", NOW, who="this key")
        with pytest.raises(DuologueError, match=r"this key.*in (60|5\d) s"):
            await slow.take("b", NOW + 1_000_000, who="this key")
        kept = await line.ask("PTTL", f"{here._prefix}door:b")
        assert 0 < kept <= 61_000  # it forgets itself when the bucket is full again


async def test_a_day_is_shared_and_taken_from_all_shares_or_none(redis: Redis) -> None:
    """The refusal is of the one that is full; a new day is empty."""
    async with two(redis) as (here, there, line):
        days = [Daily(counts=counts) for counts in (here, there)]
        visitor, key = Share("v", 50, "this visitor"), Share("k", 100, "this key")
        await days[0].take([visitor, key], 50, NOW)
        with pytest.raises(DuologueError, match="this visitor"):
            await days[1].take([visitor, key], 10, NOW)
        await days[1].take([key], 50, NOW)
        with pytest.raises(DuologueError, match="this key"):
            await days[0].take([Share("w", 50, "this visitor"), key], 1, NOW)
        await days[0].take([visitor, key], 50, NOW + DAY_MS)
        kept = await line.ask("TTL", f"{here._prefix}{NOW // DAY_MS}:k")
        assert 0 < kept <= 90_000


async def test_scripts_that_redis_forgot_are_told_again(redis: Redis) -> None:
    """As after it was started anew."""
    async with two(redis) as (here, _, line):
        limits = Limits(1, burst=10, kind="door", counts=here)
        assert await may(limits, "a")
        await line.ask("SCRIPT", "FLUSH")
        assert [await may(limits, "a") for _ in range(10)] == [True] * 9 + [False]


async def test_a_user_of_redis_needs_few_rights(redis: Redis) -> None:
    """Those that docs/redis.md names; without the channels a server says why it does not start."""
    rules = "on >geheim -@all +ping +publish +subscribe +unsubscribe +script|load +evalsha"
    within = "+time +get +set +incrby +expire ~duologue:* resetchannels"
    async with process(redis.url) as admin:
        set_user = ("ACL", "SETUSER", "voice", *rules.split(), *within.split())
        await admin._line.ask(*set_user, "&duologue:*")
        url = redis.url.replace("redis://", "redis://voice:geheim@")
        async with process(url) as here, process(url) as there:
            subscription = there.subscribe("a")
            async with asyncio.timeout(30):
                while not here.watched("a"):  # noqa: ASYNC110  # a bell has no event for it
                    await asyncio.sleep(0.005)
            here.publish("a", Doing("speaking"))
            assert await subscription.take(30) == Doing("speaking")
            counts = RedisCounts(here._line, "duologue:org_1")
            assert await counts.wait("a", 1.0, 1.0) == 0
            assert await counts.spend(1, [("a", 10)], 1) == 0
        await admin._line.ask("ACL", "SETUSER", "voice", "resetchannels")
        with pytest.raises(DuologueError, match="refuses it") as refusal:
            async with process(url):
                pass
        assert refusal.value.code == "setting_invalid"


async def test_without_redis_each_process_counts_for_itself(redis: Redis) -> None:
    """From a full bucket, and at once; it is shared again when Redis is back."""
    async with two(redis) as (here, there, line):
        doors = [Limits(1, burst=3, kind="door", counts=counts) for counts in (here, there)]
        assert [await may(door, "a") for door in (*doors, *doors)] == [True, True, True, False]
        redis.stop()
        try:
            async with asyncio.timeout(20):
                let = [await may(doors[0], "a") for _ in range(4)]
        finally:
            redis.start()
        assert let == [True, True, True, False]
        async with asyncio.timeout(30):
            while not line.up:  # noqa: ASYNC110  # a line has no event for its users
                await asyncio.sleep(0.02)
        assert await may(doors[0], "a")
