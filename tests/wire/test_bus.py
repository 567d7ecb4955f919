"""What processes tell each other: the same behind the wire, and nothing where it is unknown."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.test_live import EVENTS, ORDERS

from duologue.wire import bus as wire
from duologue.wire.live import Event, Order, Shown

SHOWN = Shown(
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
PARCELS: list[wire.Parcel] = [
    wire.Hello("proc_1"),
    wire.Watching("proc_1", ["live/org_1", "live/org_1/conv_1"]),
    wire.Happened("proc_1", EVENTS[0]),
    wire.ordered("proc_1", 7, ORDERS[0]),
    wire.Answered(7, SHOWN),
    wire.Answered(7, code="ended", values={"reason": "spam", "seconds": 3}),
]


def test_every_parcel_is_tried() -> None:
    """None is left out of this list."""
    assert {type(each) for each in PARCELS} == set(get_args(wire.Parcel))


@pytest.mark.parametrize("parcel", PARCELS, ids=lambda each: type(each).__name__)
def test_a_parcel_is_the_same_behind_the_wire(parcel: wire.Parcel) -> None:
    """After its version."""
    packed = wire.pack(parcel)
    assert packed[0] == wire.VERSION
    assert wire.unpack(packed) == parcel


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: type(each).__name__)
def test_every_event_travels(event: Event) -> None:
    """In its own type."""
    assert wire.unpack(wire.pack(wire.Happened("proc_1", event))) == wire.Happened("proc_1", event)


@pytest.mark.parametrize("order", ORDERS, ids=lambda each: type(each).__name__)
def test_every_order_travels(order: Order) -> None:
    """In its own type, and with where its answer goes."""
    parcel = wire.unpack(wire.pack(wire.ordered("proc_1", 3, order)))
    assert isinstance(parcel, wire.Ordered)
    assert (parcel.reply_to, parcel.number, wire.order_of(parcel)) == ("proc_1", 3, order)


def test_an_order_of_a_newer_version_can_be_answered_though_not_obeyed() -> None:
    """Who asks and under which number is read all the same."""
    newer = msgspec.Raw(msgspec.msgpack.encode({"type": "sing", "song": "A"}))
    parcel = wire.unpack(wire.pack(wire.Ordered("proc_1", 3, newer)))
    assert isinstance(parcel, wire.Ordered)
    assert parcel.number == 3
    assert wire.order_of(parcel) is None


def test_what_another_version_tells_is_nothing() -> None:
    """Neither what begins otherwise, nor an event that this one does not know."""
    packed = wire.pack(PARCELS[0])
    assert wire.unpack(bytes([wire.VERSION + 1]) + packed[1:]) is None
    told = {"type": "happened", "sender": "proc_1", "event": {"type": "sung", "song": "A"}}
    assert wire.unpack(bytes([wire.VERSION]) + msgspec.msgpack.encode(told)) is None


def test_what_a_newer_version_adds_to_a_parcel_is_left_out() -> None:
    """So that old and new processes work side by side."""
    told = {"type": "hello", "sender": "proc_1", "mood": "good"}
    assert wire.unpack(bytes([wire.VERSION]) + msgspec.msgpack.encode(told)) == wire.Hello("proc_1")


def test_a_value_without_a_form_travels_as_its_words() -> None:
    """Errors tell of exceptions, too."""
    packed = wire.pack(wire.Answered(1, code="agent_failed", values={"reason": OSError("gone")}))
    assert wire.unpack(packed) == wire.Answered(1, code="agent_failed", values={"reason": "gone"})


@given(st.binary(max_size=200))
def test_no_bytes_whatever_are_an_error(data: bytes) -> None:
    """Anybody who reaches the same Redis may send some."""
    wire.unpack(data)
    wire.unpack(bytes([wire.VERSION]) + data)
