"""Alerts: what may be looked at, and when a rule fires; once, however its figure trembles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from duologue.wire.alerts import EventKind, Measure, State

CALM_MS: Final = 300_000
"""How long a figure stays below its threshold before it counts as well again."""
Unit = Literal["ms", "percent", "count", "money"]


class Meant(NamedTuple):
    """What a measure is, for people."""

    title: str
    unit: Unit


MEASURES: Final[dict[Measure, Meant]] = {
    "e2e_p95": Meant("end to end p95", "ms"),
    "error_rate": Meant("turns with an error", "percent"),
    "unanswered_rate": Meant("unanswered turns", "percent"),
    "interruption_rate": Meant("interrupted turns", "percent"),
    "tool_errors": Meant("tool errors", "count"),
    "failed": Meant("failed conversations", "count"),
    "lost": Meant("lost conversations", "count"),
    "cost": Meant("cost", "money"),
}


class Standing(msgspec.Struct, frozen=True):
    """How a rule stands."""

    state: State = "unknown"
    calm_since: int | None = None
    """Since when the figure of one that fired is below its threshold."""


def judge(
    before: Standing, value: float | None, threshold: float, now: int
) -> tuple[Standing, Literal["fired", "well"] | None]:
    """How a rule stands after a look at its figure, and what is to be told of it.

    Without data nothing changes: one that fired has not got well by silence, and stays calm in it.
    """
    if value is None:
        return Standing(before.state, before.calm_since), None
    if value >= threshold:
        return Standing("fired"), None if before.state == "fired" else "fired"
    if before.state != "fired":
        return Standing("well"), None
    since = now if before.calm_since is None else before.calm_since
    if now - since < CALM_MS:
        return Standing("fired", since), None
    return Standing("well"), "well"


def shown(measure: Measure, value: float | None) -> str:
    """A figure of a measure with its unit: `2,300 ms`, `12.5 %`, `3`, `0.52`."""
    return "no data" if value is None else _WRITTEN[MEASURES[measure].unit](value)


def within(minutes: int) -> str:
    """A window in words: `15 minutes`, `an hour`, `a day`."""
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes % size == 0:
            number = minutes // size
            return f"{number} {unit}s" if number > 1 else f"{'an' if size == 60 else 'a'} {unit}"
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def rule(measure: Measure, threshold: float, minutes: int, agent: str) -> str:
    """A rule in words: `end to end p95 of desk at 2,000 ms or more, within an hour`."""
    whose = f" of {agent}" if agent else ""
    least = shown(measure, threshold)
    return f"{MEASURES[measure].title}{whose} at {least} or more, within {within(minutes)}"


def sentence(kind: EventKind, said: str, figure: str) -> str:
    """What happened to a rule, for a log or a chat; `said` is the rule in words."""
    return f"{_HAPPENED[kind]}: {said}. It is {figure} now."


def place(webhook: str) -> str:
    """Where a webhook leads, without what may be a secret in its address: `https://example.com`."""
    parts = urlsplit(webhook)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if webhook else ""


_WRITTEN: Final[dict[Unit, Callable[[float], str]]] = {
    "ms": lambda value: f"{value:,.0f} ms",
    "percent": lambda value: f"{value:.3g} %",
    "count": lambda value: f"{value:,.4g}",
    "money": lambda value: f"{value:,.2f}" if value >= 0.1 else f"{value:.2g}",
}
_HAPPENED: Final[dict[EventKind, str]] = {
    "fired": "Alert",
    "well": "Well again",
    "test": "A test",
}
