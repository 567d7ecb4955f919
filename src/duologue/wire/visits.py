"""What a tracker tells of its page: a batch, in our own dialect, so unknown names are refused."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from duologue.errors import DuologueError
from duologue.wire.bodies import CLEAN

LARGEST: Final = 64 * 1024
"""Bytes of a batch: browsers let a page that goes away send no more."""
MOST: Final = 100
"""Events of a batch."""
KEYS: Final = 32
"""Names in an event's properties, or in a visitor's traits."""
LONGEST: Final = 500
"""Letters of one value of theirs."""

_UUID7: Final = r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}\Z"

VisitorId = Annotated[str, msgspec.Meta(pattern=rf"\Avis_{_UUID7}")]
VisitId = Annotated[str, msgspec.Meta(pattern=rf"\Avst_{_UUID7}")]
EventId = Annotated[str, msgspec.Meta(pattern=rf"\Aevt_{_UUID7}")]
Time = Annotated[int, msgspec.Meta(ge=0, lt=1 << 47)]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=2048, pattern=CLEAN)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=CLEAN)]
Text = Annotated[str, msgspec.Meta(max_length=LONGEST)]
Whole = Annotated[int, msgspec.Meta(ge=-(1 << 53), le=1 << 53)]
Values = Annotated[
    dict[
        Annotated[str, msgspec.Meta(min_length=1, max_length=64)],
        Text | Whole | float | bool | None,
    ],
    msgspec.Meta(max_length=KEYS),
]
"""Flat: names, and what a line of a table can hold."""


class _Event(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"
):
    """What every event says: which one it is, so that it counts once, and when it was."""

    id: EventId
    at: Time
    """By the page's own clock."""


class PageSeen(_Event, tag="page", frozen=True, kw_only=True):
    """The visitor came to a page, or a page of one document became another."""

    url: Address
    path: Address
    title: Annotated[str, msgspec.Meta(max_length=300, pattern=CLEAN)] = ""
    referrer: Annotated[str, msgspec.Meta(max_length=2048, pattern=CLEAN)] = ""


class TimeSpent(_Event, tag="time", frozen=True, kw_only=True):
    """How long a page was before the visitor's eyes up to now, all in all."""

    page: EventId
    visible_ms: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]


class Clicked(_Event, tag="click", frozen=True, kw_only=True):
    """A marked element was clicked."""

    page: EventId | None = None
    name: Name


class Happened(_Event, tag="event", frozen=True, kw_only=True):
    """Something that the site has a name for."""

    page: EventId | None = None
    name: Name
    properties: Values = {}


class Identified(_Event, tag="identify", frozen=True, kw_only=True):
    """The site says who the visitor is to it."""

    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=CLEAN)]
    traits: Values = {}


Event = PageSeen | TimeSpent | Clicked | Happened | Identified


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a tracker sends at once; a beacon has no headers, so the key is in it."""

    key: str | None = None
    agent: Annotated[str, msgspec.Meta(pattern=CLEAN)] = ""
    """The agent's id or slug, where there is no key."""
    visitor: VisitorId
    visit: VisitId
    sent_at: Time
    """When it was sent by the clock of `at`: what that clock is wrong by is seen from it."""
    events: Annotated[list[Event], msgspec.Meta(min_length=1, max_length=MOST)]


class PageView(msgspec.Struct):
    """A page that a visitor saw."""

    id: str
    visit: str
    url: str
    path: str
    title: str
    referrer: str
    visible_ms: int
    at: int


class EventView(msgspec.Struct):
    """A click, or something that the site has a name for."""

    id: str
    visit: str
    page: str | None
    kind: Literal["click", "event"]
    name: str
    properties: dict[str, str | int | float | bool | None]
    at: int


class VisitorView(msgspec.Struct, kw_only=True):
    """All that is known of a visitor, the newest first."""

    id: str
    user_id: str | None
    traits: dict[str, str | int | float | bool | None]
    visits: int
    first_seen_at: int
    last_seen_at: int
    pages: list[PageView]
    events: list[EventView]
    conversations: list[str]


class Deleted(msgspec.Struct, kw_only=True):
    """What was forgotten of a visitor."""

    id: str
    visits: int
    pages: int
    events: int
    conversations: int
    """How many conversations were unlinked; their words stay until they are deleted themselves."""
    traces: int
    """How many traces were deleted, with their spans, turns, logs and recordings."""
    forgotten: int = 0
    """How many conversations were deleted, with every word of them."""


_decoder = msgspec.json.Decoder(Batch)


def read_batch(body: bytes) -> Batch:
    """The batch of a body, or a refusal that names what is wrong with it."""
    if len(body) > LARGEST:
        raise DuologueError("too_large", limit=LARGEST)
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DuologueError("bad_request", reason=error) from None


def known(text: str) -> bool:
    """Whether this can be a visitor's id: 32 hex digits of a UUIDv7 behind `vis_`."""
    try:
        msgspec.convert(text, VisitorId)
    except msgspec.ValidationError:
        return False
    return True
