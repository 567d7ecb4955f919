"""The words of alerts: rules, what became of them, and what a webhook is told."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from duologue.wire.bodies import CLEAN

Measure = Literal[
    "e2e_p95",
    "error_rate",
    "unanswered_rate",
    "interruption_rate",
    "tool_errors",
    "failed",
    "lost",
    "cost",
]
"""What a rule looks at."""
State = Literal["unknown", "well", "fired"]
EventKind = Literal["fired", "well", "test"]
NoticeType = Literal["alert.fired", "alert.well", "alert.test"]
NOTICES: Final[dict[EventKind, NoticeType]] = {
    "fired": "alert.fired",
    "well": "alert.well",
    "test": "alert.test",
}
"""What a webhook is told an event is."""
Delivery = Literal["log", "waiting", "delivered", "failed"]
LONGEST_MINUTES: Final = 1440
"""The longest window: a day."""


class AlertRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule: when its figure reaches the threshold, somebody is told."""

    measure: Measure
    threshold: Annotated[float, msgspec.Meta(gt=0, le=1e12)]
    """Milliseconds for `e2e_p95`, percent for rates, your currency for `cost`, else how many."""
    agent: Annotated[str, msgspec.Meta(max_length=200, pattern=CLEAN)] = ""
    """The agent's slug or id; empty means all of them together."""
    window_minutes: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_MINUTES)] = 60
    """How far back is looked."""
    webhook: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    """Where to tell it; empty means a line of the server's log."""


class AlertView(msgspec.Struct, kw_only=True):
    """A rule and how it stands."""

    id: str
    measure: Measure
    threshold: float
    agent: str
    window_minutes: int
    webhook: str
    """Where it is told; to keys without `admin`, scheme and host only."""
    state: State
    """`unknown` until there was anything to judge."""
    value: float | None
    """The figure as it was last seen; none where there was no data."""
    samples: int
    """How many turns, or conversations, it was read from."""
    changed_at: int | None
    fired_at: int | None
    looked_at: int
    created_at: int
    secret: str | None = None
    """What signs its webhook, for keys with `admin`; none where `webhook_secret` is not set."""


class AlertEventView(msgspec.Struct, kw_only=True):
    """That a rule fired, or was well again, and whether its webhook took it."""

    id: str
    alert_id: str
    kind: EventKind
    value: float | None
    at: int
    delivery: Delivery
    tries: int
    answer: str
    """What the webhook answered last, in short."""


class AlertList(msgspec.Struct, kw_only=True):
    """All rules, and what happened last."""

    items: list[AlertView]
    events: list[AlertEventView]


class Told(msgspec.Struct, kw_only=True, frozen=True):
    """The rule as a webhook is told of it."""

    id: str
    measure: Measure
    agent: str
    threshold: float
    window_minutes: int
    value: float | None


class Notice(msgspec.Struct, kw_only=True, frozen=True):
    """What a webhook gets; `id` stays the same when it is sent again."""

    id: str
    type: NoticeType
    at: int
    """When it happened, in UTC milliseconds."""
    text: str
    """The same as a sentence."""
    alert: Told
