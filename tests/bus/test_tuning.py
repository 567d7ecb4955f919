"""Which channels are listened to."""

from __future__ import annotations

import asyncio

from duologue.bus.tuning import Change, Tuning


def is_settled(tuning: Tuning) -> bool:
    """Whether all is listened to."""
    return tuning._settled.is_set()


async def test_what_is_wanted_is_asked_for_once_and_settled_when_it_is_confirmed() -> None:
    """All of it."""
    tuning = Tuning()
    tuning.begin(["all"])
    tuning.want("a")
    tuning.want("b")
    waiting = asyncio.create_task(tuning.settled())
    assert tuning.due
    assert tuning.change() == Change({"a", "b"}, set(), set())
    assert not tuning.due
    tuning.confirm("a")
    await asyncio.sleep(0)
    assert not waiting.done()
    tuning.confirm("b")
    await waiting
    tuning.leave("a")
    assert tuning.change() == Change(set(), {"a"}, set())
    assert is_settled(tuning)


async def test_what_was_left_and_wanted_again_is_no_news_to_redis() -> None:
    """Whoever listens is told that it is listened to already, unless that is not confirmed yet."""
    tuning = Tuning()
    tuning.begin(["all"])
    tuning.want("a")
    tuning.change()
    tuning.leave("a")
    tuning.want("a")
    assert tuning.change() == Change(set(), set(), set())
    assert not is_settled(tuning)
    tuning.confirm("a")
    tuning.leave("a")
    tuning.want("a")
    assert tuning.change() == Change(set(), set(), {"a"})
    assert is_settled(tuning)


async def test_what_is_left_before_it_was_confirmed_is_not_waited_for() -> None:
    """Nor is what was left before it was asked for."""
    tuning = Tuning()
    tuning.begin(["all"])
    tuning.want("a")
    tuning.change()
    tuning.leave("a")
    tuning.want("b")
    tuning.leave("b")
    assert tuning.change() == Change(set(), {"a"}, set())
    assert is_settled(tuning)


async def test_a_new_connection_is_asked_for_everything() -> None:
    """Also for what changed while there was none."""
    tuning = Tuning()
    tuning.begin(["all"])
    tuning.want("a")
    tuning.want("b")
    tuning.change()
    tuning.confirm("a")
    tuning.confirm("b")
    tuning.leave("b")
    tuning.want("c")
    tuning.begin(["all"])
    assert not is_settled(tuning)
    assert tuning.change() == Change({"a", "c"}, set(), set())
