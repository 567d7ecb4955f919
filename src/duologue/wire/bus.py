"""What processes tell each other over a bus between them: one byte of version, then msgpack."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from duologue.wire.live import Event, Order, Shown

VERSION: Final = 1
"""The first byte; a process reads no other's than its own, and what it does not know is nothing."""


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """A process is there, and asks the others what they watch."""

    sender: str


class Watching(msgspec.Struct, frozen=True, tag="watching"):
    """All that a process watches now; it says so again while it lives."""

    sender: str
    topics: list[str]


class Happened(msgspec.Struct, frozen=True, tag="happened"):
    """An event of a topic, to all who watch it."""

    sender: str
    event: Event


class Ordered(msgspec.Struct, frozen=True, tag="ordered"):
    """An order to whoever attends to a conversation."""

    reply_to: str
    """The process that asks."""
    number: int
    order: msgspec.Raw


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """What came of an order: how it is going, why it was refused, or that nobody attends here."""

    number: int
    shown: Shown | None = None
    code: str = ""
    values: dict[str, Any] = {}


Parcel = Hello | Watching | Happened | Ordered | Answered

_VERSION: Final = bytes([VERSION])
_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_parcels: msgspec.msgpack.Decoder[Parcel] = msgspec.msgpack.Decoder(Parcel)
_orders: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)


def pack(parcel: Parcel) -> bytes:
    """A parcel as it travels; of values that have no other form, the words."""
    return _VERSION + _encode(parcel)


def unpack(data: bytes) -> Parcel | None:
    """The parcel; none where another version or something unknown came."""
    if data[:1] != _VERSION:
        return None
    try:
        return _parcels.decode(memoryview(data)[1:])
    except msgspec.MsgspecError:
        return None


def ordered(reply_to: str, number: int, order: Order) -> Ordered:
    """An order as it travels: whoever cannot read it can still say so."""
    return Ordered(reply_to, number, msgspec.Raw(_encode(order)))


def order_of(parcel: Ordered) -> Order | None:
    """What is ordered; none where this process does not know such an order."""
    try:
        return _orders.decode(parcel.order)
    except msgspec.MsgspecError:
        return None
