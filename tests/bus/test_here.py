"""The bus of one process: who listens hears, who attends obeys, and strangers reach nothing."""

from __future__ import annotations

import pytest

from duologue.bus.bell import Unheard, all_of, one_of
from duologue.bus.here import HereBell
from duologue.wire import live as wire

SHOWN = wire.Shown(
    conversation="conv_1",
    session="sess_1",
    run="run_1",
    agent="Desk",
    transport="websocket",
    visitor="",
    page="",
    since=0,
    state="listening",
    clients=1,
    holder=None,
    hidden="",
)


async def test_all_who_listen_to_a_topic_hear_it_and_others_do_not() -> None:
    """An organization's topic is no conversation's, and no other organization's."""
    bell = HereBell()
    mine = one_of("org_1", "conv_1")
    topics = (mine, mine, all_of("org_1"), one_of("org_2", "conv_1"))
    heard = [bell.subscribe(topic) for topic in topics]
    bell.publish(mine, wire.Doing("speaking"))
    assert [await each.take(0) is not None for each in heard] == [True, True, False, False]


async def test_nobody_watches_until_somebody_does_and_after_the_last_left() -> None:
    """So nothing is made for nobody; what is published then is nothing."""
    bell = HereBell()
    assert not bell.watched("a")
    bell.publish("a", wire.Doing("speaking"))
    first, second = bell.subscribe("a"), bell.subscribe("a")
    assert bell.watched("a")
    first.close()
    assert bell.watched("a")
    second.close()
    assert not bell.watched("a")
    assert await first.take() is None


async def test_an_order_reaches_who_attends_to_that_conversation_of_that_organization() -> None:
    """Nobody else's; and nobody's once it is released."""
    bell = HereBell()
    obeyed: list[wire.Order] = []

    async def obey(order: wire.Order) -> wire.Shown:
        obeyed.append(order)
        return SHOWN

    release = bell.attend("org_1", "conv_1", obey)
    assert await bell.order("org_1", "conv_1", wire.Look()) == SHOWN
    for org, conversation in (("org_2", "conv_1"), ("org_1", "conv_2")):
        with pytest.raises(Unheard):
            await bell.order(org, conversation, wire.Interrupt())
    release()
    with pytest.raises(Unheard):
        await bell.order("org_1", "conv_1", wire.Interrupt())
    assert obeyed == [wire.Look()]


async def test_who_attends_later_stays_when_the_one_before_is_released() -> None:
    """A conversation's next run begins before the last one is buried."""
    bell = HereBell()

    async def obey(order: wire.Order) -> wire.Shown:
        return SHOWN

    async def obey_too(order: wire.Order) -> wire.Shown:
        return SHOWN

    before = bell.attend("org_1", "conv_1", obey)
    bell.attend("org_1", "conv_1", obey_too)
    before()
    assert await bell.order("org_1", "conv_1", wire.Look()) == SHOWN


async def test_a_closed_bus_ends_every_subscription() -> None:
    """And those that are made afterwards are over at once."""
    bell = HereBell()
    before = bell.subscribe("a")
    bell.close()
    assert await before.take() is None
    assert bell.subscribe("a").closed
    assert not bell.watched("a")
