"""What waits for a reader: in order, bounded, and told of what it lost."""

from __future__ import annotations

import asyncio

from duologue.bus.subscription import Subscription
from duologue.wire.live import Doing, Event, Levels, Lost, Moved


def doing(number: int) -> Doing:
    """The event of that number."""
    return Doing(str(number))


async def rest(subscription: Subscription) -> list[Event]:
    """All that waits."""
    found = []
    while (event := await subscription.take(0)) is not None:
        found.append(event)
    return found


async def test_events_come_in_order() -> None:
    """Those that waited, and those that are waited for."""
    one = Subscription()
    one.put(doing(1))
    one.put(doing(2))
    assert await rest(one) == [doing(1), doing(2)]
    later = asyncio.create_task(one.take())
    await asyncio.sleep(0)
    one.put(doing(3))
    assert await later == doing(3)


async def test_a_slow_reader_loses_the_oldest_and_is_told_how_many() -> None:
    """First of all, and once."""
    one = Subscription(limit=3)
    for number in range(8):
        one.put(doing(number))
    assert await rest(one) == [Lost(5), doing(5), doing(6), doing(7)]
    one.put(doing(8))
    assert await rest(one) == [doing(8)]


async def test_of_levels_that_nobody_read_the_last_counts() -> None:
    """They fill no buffer; what lies between them keeps its place."""
    one = Subscription(limit=3)
    for number in range(9):
        one.put(Levels(number / 10, 0.0))
    one.put(doing(1))
    one.put(Levels(0.9, 0.9))
    one.put(Moved("conv_1"))
    one.put(Moved("conv_2"))
    one.put(doing(2))
    assert await rest(one) == [Lost(2), Levels(0.9, 0.9), Moved("conv_2"), doing(2)]


async def test_nothing_comes_in_time() -> None:
    """Whoever waits no longer gets nothing, and may wait again."""
    one = Subscription()
    assert await one.take(0.01) is None
    one.put(doing(1))
    assert await one.take(0.01) == doing(1)


async def test_closing_ends_the_wait_of_a_reader() -> None:
    """What was not read is gone, what comes later is not taken, and it is left once."""
    left: list[Subscription] = []
    with Subscription(left.append) as one:
        reader = asyncio.create_task(one.take())
        await asyncio.sleep(0)
        one.close()
        assert await reader is None
        one.put(doing(1))
        assert await one.take() is None
    assert left == [one]
    assert one.closed
