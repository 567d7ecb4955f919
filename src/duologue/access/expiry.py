"""When something ends, as people write it: `30d`, or the day itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LAST: Final = 253_402_300_800_000
"""The first millisecond that no calendar of ours has: the year 10000."""
_SPAN: Final = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)


def lasting(text: str) -> int:
    """The milliseconds of a span such as `45m`, `12h`, `30d` or `2w`; else a ValueError says so."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span such as 45m, 12h, 30d or 2w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) // timedelta(milliseconds=1)


def until(text: str, at: int) -> int:
    """When something ends that lasts such a span from `at` on, or until an ISO date or time.

    What is neither, or over already, is a ValueError.
    """
    if _SPAN.fullmatch(text):
        end = at + lasting(text)
    else:
        try:
            moment = datetime.fromisoformat(text)
            zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            end = int(zoned.timestamp() * 1000)
        except ValueError:
            raise ValueError(
                f"{text!r} is neither a span such as 30d, 12h or 45m nor a date such as 2027-01-31"
            ) from None
    if end <= at:
        raise ValueError(f"{text!r} lies in the past")
    if end >= _LAST:
        raise ValueError(f"{text!r} lies behind the year 9999")
    return end
