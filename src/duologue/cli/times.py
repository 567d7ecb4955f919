"""Points in time as people write them."""

from __future__ import annotations

import time

import typer

from duologue.access import expiry as spans


def now() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def expiry(text: str, at: int) -> int:
    """When something ends that lasts `30d` (or m, h, w) from `at`, or until an ISO date or time."""
    try:
        return spans.until(text, at)
    except ValueError as error:
        raise typer.BadParameter(f"--expires {error}.") from None


def span(name: str, text: str) -> int:
    """The milliseconds of an option that is a span: `24h`."""
    try:
        return spans.lasting(text)
    except ValueError as error:
        raise typer.BadParameter(f"{name} {error}.") from None
