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


def credit(micros: int | None) -> str:
    """A balance, or a change of one."""
    return "unlimited" if micros is None else f"{micros / 1_000_000:,.2f}"


def minutes(milliseconds: int) -> str:
    """How long people talked: `0.4 min`, `38 min`, `12.5 h`."""
    whole = milliseconds / 60_000
    if whole < 100:
        return f"{whole:.1f} min" if 0 < whole < 9.95 else f"{whole:.0f} min"
    return f"{whole / 60:.1f} h"


def size(count: int) -> str:
    """How much room something takes: `640 kB`, `12.4 MB`."""
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def ahead(milliseconds: int) -> str:
    """How long it is until then: `in 8 min`, `in 3 h`, `in 29 days`."""
    left = max(0, milliseconds) // 60_000
    if left < 120:
        return f"in {left} min"
    return f"in {left // 60} h" if left < 48 * 60 else f"in {left // 1440} days"


def percent(share: float | None) -> str:
    """A share of a hundred: `12 %`, `3.4 %`, a dash where there is nothing to share."""
    if share is None:
        return DASH
    return f"{share:.1f} %" if 0 < share < 9.95 else f"{share:.0f} %"


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
    "ahead": ahead,
    "clip": clip,
    "credit": credit,
    "delay": delay,
    "iso": iso,
    "minutes": minutes,
    "money": money,
    "percent": percent,
    "size": size,
    "span": span,
    "stamp": stamp,
}
