"""The words of the bus: each can be carried as JSON and is the same behind it."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from duologue.wire import live as wire

HOLDER = wire.Holder("con_1", "Ada", 5)
EVENTS: list[wire.Event] = [
    wire.Words("turn_1", "person", "Hello."),
    wire.TurnEnded("turn_1", interrupted=True),
    wire.Doing("speaking"),
    wire.Levels(0.5, 0.0),
    wire.Tool("book", "call_1", "done"),
    wire.Told("balance_low", "Soon."),
    wire.Taken(HOLDER),
    wire.Attached(2),
    wire.Over("left"),
    wire.Brief("conv_1", "speaking", 0.1, 0.2, taken=True),
    wire.Moved("conv_1"),
    wire.Lost(7),
]
ORDERS: list[wire.Order] = [
    wire.Look(),
    wire.Say("Hello."),
    wire.Interrupt(),
    wire.End("deleted", forgotten=True),
    wire.TakeOver("con_1", "Ada", 60.0),
    wire.Speak("con_1", "I am here."),
    wire.Stay("con_1", 25.0),
    wire.HandBack("con_1"),
    wire.Replace(),
    wire.Release(),
    wire.Untrace(),
]


def test_every_word_is_tried() -> None:
    """None is left out of this list."""
    assert {type(each) for each in EVENTS} == set(get_args(wire.Event))
    assert {type(each) for each in ORDERS} == set(get_args(wire.Order))


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: type(each).__name__)
def test_an_event_is_the_same_behind_the_wire(event: wire.Event) -> None:
    """A page tells it by its type."""
    written = msgspec.json.encode(event)
    assert b'"type":' in written
    assert msgspec.json.decode(written, type=wire.Event) == event


@pytest.mark.parametrize("order", ORDERS, ids=lambda each: type(each).__name__)
def test_an_order_is_the_same_behind_the_wire(order: wire.Order) -> None:
    """So that another process may obey it."""
    assert msgspec.json.decode(msgspec.json.encode(order), type=wire.Order) == order
