"""Points in time as people write them."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import typer

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def now() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def expiry(text: str, at: int) -> int:
    """When something ends that lasts `30d` (or m, h, w) from `at`, or until an ISO date or time."""
    match = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    try:
        if match:
            end = at + timedelta(**{_UNITS[match[2]]: int(match[1])}) // timedelta(milliseconds=1)
        else:
            moment = datetime.fromisoformat(text)
            zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            end = int(zoned.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"--expires {text!r} is neither a span such as 30d, 12h or 45m "
            "nor a date such as 2027-01-31."
        ) from None
    if end <= at:
        raise typer.BadParameter(f"--expires {text!r} lies in the past.")
    return end
