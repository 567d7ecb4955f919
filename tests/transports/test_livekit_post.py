"""What is sent into a room leaves in order, and hangs nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from duologue.transports.livekit import post
from duologue.transports.livekit.post import Post


def writes(log: list[str], text: str) -> Callable[[], Awaitable[None]]:
    """Something that notes that it was done."""

    async def work() -> None:
        await asyncio.sleep(0)
        log.append(text)

    return work


async def test_it_leaves_in_order_and_of_states_only_the_newest() -> None:
    """A state that is old when its time comes is not sent."""
    log: list[str] = []
    box = Post()
    box.send(writes(log, "a"))
    box.send(writes(log, "listening"), newest="state")
    box.send(writes(log, "b"))
    box.send(writes(log, "thinking"), newest="state")
    box.open()
    await box.close(within=5)
    assert log == ["a", "b", "thinking"]


async def test_what_fails_or_hangs_holds_nothing_up() -> None:
    """The next one leaves all the same."""
    log: list[str] = []

    async def fails() -> None:
        raise RuntimeError("the room is gone")

    box = Post(patience=0.05)
    box.open()
    box.send(fails)
    box.send(asyncio.Event().wait)
    box.send(writes(log, "after"))
    await box.close(within=5)
    assert log == ["after"]
    box.send(writes(log, "too late"))
    await asyncio.sleep(0)
    assert log == ["after"]


async def test_closing_is_bounded() -> None:
    """What does not leave in time never does."""
    box = Post()
    box.open()
    box.send(asyncio.Event().wait)
    async with asyncio.timeout(3):
        await box.close(within=0.05)


async def test_who_waits_until_it_is_empty_waits_for_what_was_sent_before() -> None:
    """And not for what comes later; a box that is closed has nothing to wait for."""
    log: list[str] = []
    box = Post()
    box.open()
    box.send(writes(log, "one"))
    empty = asyncio.create_task(box.emptied())
    await asyncio.sleep(0)
    box.send(asyncio.Event().wait)
    async with asyncio.timeout(3):
        await empty
        assert log == ["one"]
        await box.close(within=0.05)
        await box.emptied()


async def test_what_piles_up_is_forgotten_from_the_oldest_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A room that takes nothing costs no memory."""
    monkeypatch.setattr(post, "LIMIT", 2)
    log: list[str] = []
    box = Post()
    for text in "abc":
        box.send(writes(log, text))
    box.open()
    await box.close(within=5)
    assert log == ["b", "c"]
