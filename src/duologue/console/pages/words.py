"""How the console writes figures: shortly, with their unit, and a dash where nothing is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from duologue.console.drawing import ago

DASH: Final = "–"


def delay(milliseconds: float | None) -> str:
    """A delay: `840 ms`, `1.64 s`, `12.3 s`."""
    if milliseconds is None:
        return DASH
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"


def span(milliseconds: float | None) -> str:
    """How long something took as a whole: `0:18`, `12:05`, `1:02:09`."""
    if milliseconds is None:
        return DASH
    minutes, seconds = divmod(max(0, int(milliseconds)) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def money(micros: int | None) -> str:
    """A cost in the currency of the prices, exact enough to be more than nothing."""
    if not micros:
        return DASH
    return f"{micros / 1e6:,.2f}" if micros >= 100_000 else f"{micros / 1e6:.2g}"


def stamp(milliseconds: int) -> str:
    """A time for machines and tooltips."""
    return f"{_time(milliseconds):%Y-%m-%d %H:%M:%S} UTC"


def iso(milliseconds: int) -> str:
    """A time as `datetime` attributes have it."""
    return f"{_time(milliseconds):%Y-%m-%dT%H:%M:%SZ}"


def clip(text: str, most: int) -> str:
    """The text, cut at a length with the sign of it."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "ago": ago,
    "clip": clip,
    "delay": delay,
    "iso": iso,
    "money": money,
    "span": span,
    "stamp": stamp,
}
