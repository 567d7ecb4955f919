"""What every bell keeps to its users, whatever is behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.bus.conftest import SHOWN

from duologue.bus.bell import Bell, Unheard, all_of, one_of
from duologue.bus.open import opened
from duologue.errors import DuologueError
from duologue.wire import live as wire

KINDS = ("here", pytest.param("redis", marks=pytest.mark.redis))
each_kind = pytest.mark.parametrize("kind", KINDS)


@asynccontextmanager
async def bell_of(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Bell]:
    """A bell of that kind."""
    url = request.getfixturevalue("redis").url if kind == "redis" else ""
    async with opened(url, "org_1") as bus:
        assert (bus.counts is not None) == (kind == "redis")
        yield bus.bell


async def obey(order: wire.Order) -> wire.Shown:
    """Does it."""
    return SHOWN


@each_kind
async def test_what_is_published_is_heard_by_the_topics_listeners_once(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """In order; an organization's topic is no conversation's."""
    async with bell_of(kind, request) as bell:
        mine = one_of("org_1", "conv_1")
        heard = [bell.subscribe(topic) for topic in (mine, mine, all_of("org_1"))]
        for state in ("thinking", "speaking"):
            bell.publish(mine, wire.Doing(state))
        told = [[await each.take(0.2) for _ in range(3)] for each in heard]
        both = [wire.Doing("thinking"), wire.Doing("speaking"), None]
        assert told == [both, both, [None] * 3]


@each_kind
async def test_it_is_watched_from_the_first_listener_to_the_last(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """At once."""
    async with bell_of(kind, request) as bell:
        assert not bell.watched("a")
        first, second = bell.subscribe("a"), bell.subscribe("a")
        assert bell.watched("a")
        first.close()
        assert bell.watched("a")
        second.close()
        assert not bell.watched("a")


@each_kind
async def test_orders_go_to_the_last_who_attends_until_released(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """What it raises is raised; where nobody attends nobody hears."""

    async def refuse(order: wire.Order) -> wire.Shown:
        raise DuologueError("ended", reason="spam")

    async with bell_of(kind, request) as bell:
        before = bell.attend("org_1", "conv_1", refuse)
        with pytest.raises(DuologueError, match="spam"):
            await bell.order("org_1", "conv_1", wire.Look())
        after = bell.attend("org_1", "conv_1", obey)
        before()
        assert await bell.order("org_1", "conv_1", wire.Look()) == SHOWN
        after()
        for org, conversation in (("org_1", "conv_1"), ("org_2", "conv_1")):
            with pytest.raises(Unheard):
                await bell.order(org, conversation, wire.Look())


@each_kind
async def test_a_closed_bell_has_nothing_more_to_tell(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """Subscriptions end, those before and those after; its runs are still reached."""
    async with bell_of(kind, request) as bell:
        release = bell.attend("org_1", "conv_1", obey)
        before = bell.subscribe("a")
        bell.close()
        assert await before.take() is None
        assert bell.subscribe("a").closed
        assert not bell.watched("a")
        assert await bell.order("org_1", "conv_1", wire.Look()) == SHOWN
        release()
        bell.close()


@each_kind
async def test_it_says_whether_others_are_reached(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """None where there is no way to any."""
    async with bell_of(kind, request) as bell:
        assert bell.reached is (True if kind == "redis" else None)
