"""When something ends, as people write it."""

from __future__ import annotations

import pytest

from duologue.access import expiry

DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("0m", 0), ("45m", 2_700_000), ("12h", DAY // 2), ("30d", 30 * DAY), ("2w", 14 * DAY)],
)
def test_a_span_is_a_number_and_a_unit(text: str, milliseconds: int) -> None:
    """Minutes, hours, days, weeks."""
    assert expiry.lasting(text) == milliseconds


@pytest.mark.parametrize("text", ["", "30", "d", "1y", "-1d", "1.5h", "٣d", "1d 2h"])
def test_nothing_else_is_a_span(text: str) -> None:
    """It is named, with how it is written."""
    with pytest.raises(ValueError, match=r"no span such as 45m, 12h, 30d or 2w"):
        expiry.lasting(text)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("1d", 1000 + DAY),
        ("1970-01-02", DAY),
        ("1970-01-02T00:00:00-01:00", DAY + 3_600_000),
        ("9999-12-31T23:59:59", 253_402_300_799_000),
    ],
)
def test_it_ends_after_a_span_or_at_a_time(text: str, end: int) -> None:
    """A span counts from now; a time without a zone is UTC."""
    assert expiry.until(text, 1000) == end


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("soon", "neither a span such as 30d, 12h or 45m nor a date such as 2027-01-31"),
        ("2027-13-01", "neither a span"),
        ("0001-01-01T00:00:00+23:00", "lies in the past"),
        ("1969-12-31", "lies in the past"),
        ("0d", "lies in the past"),
        ("999999w", "lies behind the year 9999"),
    ],
)
def test_what_is_no_end_is_named(text: str, words: str) -> None:
    """Neither words, nor the past, nor what no calendar has."""
    with pytest.raises(ValueError, match=words) as caught:
        expiry.until(text, 1000)
    assert repr(text) in str(caught.value)
