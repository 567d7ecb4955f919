"""What waits to be sent: in order, bounded, and the lightest is lost first."""

from __future__ import annotations

import asyncio

from duologue.bus.outbox import Command, Outbox, Told
from duologue.wire.live import Brief, Doing, Event, Levels, Lost


def brief(number: int) -> Brief:
    """A row of a list."""
    return Brief(str(number), "speaking", 0.0, 0.0, taken=False)


def events(outbox: Outbox) -> list[Event]:
    """All events that wait."""
    return [each.event for each in outbox.take(1000) if isinstance(each, Told)]


def test_what_was_put_in_first_is_sent_first() -> None:
    """Whatever it is, and so many at a time."""
    outbox = Outbox()
    outbox.offer("a", Doing("1"))
    outbox.put(Command(("PING",)))
    outbox.offer("b", Levels(0.1, 0.2))
    assert len(outbox) == 3
    assert outbox.take(2) == [Told("a", Doing("1")), Command(("PING",))]
    assert outbox.take(2) == [Told("b", Levels(0.1, 0.2))]
    assert outbox.take(2) == []


def test_levels_and_rows_are_lost_before_words() -> None:
    """The oldest first, and nobody need know."""
    outbox = Outbox(limit=4)
    for event in (Levels(0.1, 0.0), Doing("1"), brief(1), Doing("2"), Doing("3"), Doing("4")):
        outbox.offer("a", event)
    assert events(outbox) == [Doing("1"), Doing("2"), Doing("3"), Doing("4")]


def test_who_watches_is_told_how_many_words_were_lost() -> None:
    """Before the next of the same topic, once."""
    outbox = Outbox(limit=2)
    for number in range(5):
        outbox.offer("a", Doing(str(number)))
    outbox.take(1000)
    outbox.offer("b", Doing("b"))
    for number in range(5, 10):
        outbox.offer("a", Doing(str(number)))
    assert outbox.take(1000) == [
        Told("a", Lost(3)),
        Told("a", Doing("8")),
        Told("a", Doing("9")),
    ]
    outbox.offer("b", Doing("c"))
    assert outbox.take(1000) == [Told("b", Lost(1)), Told("b", Doing("c"))]


def test_commands_are_never_lost() -> None:
    """Somebody waits for each."""
    outbox = Outbox(limit=1)
    for number in range(100):
        outbox.put(Command(("GET", number)))
        outbox.offer("a", Doing(str(number)))
    taken = outbox.take(1000)
    assert [each.words[1] for each in taken if isinstance(each, Command)] == list(range(100))


async def test_when_the_line_breaks_the_commands_come_back() -> None:
    """Their askers are to be told; events are gone, and what was lost of them is, too."""
    outbox = Outbox(limit=1)
    asked = Command(("GET", "a"), asyncio.get_running_loop().create_future())
    outbox.put(asked)
    outbox.offer("a", Doing("1"))
    outbox.offer("a", Doing("2"))
    assert outbox.clear() == [asked]
    assert not len(outbox)
    outbox.offer("a", Doing("3"))
    assert outbox.take(10) == [Told("a", Doing("3"))]
