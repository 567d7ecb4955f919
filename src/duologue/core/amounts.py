"""Credit as people write it; it is kept in millionths."""

from __future__ import annotations

from typing import Final

MOST: Final = 1_000_000_000
"""What lies above was meant otherwise."""
UNLIMITED: Final = "unlimited"


def micros(text: str) -> int:
    """Millionths of a credit, from a number such as `25` or `1,000.50`; else a ValueError."""
    try:
        amount = float(text.replace(",", ""))
    except ValueError:
        amount = -1.0
    if not 0 <= amount <= MOST:
        raise ValueError(f"{text[:60]!r} is no amount; write a number from 0 to {MOST:,}: 25.50")
    return round(amount * 1_000_000)


def balance(text: str) -> int | None:
    """The same, or none for a balance without a limit."""
    return None if text.strip().lower() == UNLIMITED else micros(text)
