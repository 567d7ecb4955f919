"""Ids: a prefix that says the kind, and 32 hex digits of a UUIDv7, so that ids sort by time."""

from __future__ import annotations

ENTROPY_BYTES = 10
_RANDOM_BITS = 74
_TIME_BITS = 48


def make(prefix: str, now: int, entropy: bytes) -> str:
    """The id of a thing made at `now` (UTC ms), from ten random bytes."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"an id needs {ENTROPY_BYTES} random bytes, got {len(entropy)}")
    if not 0 <= now < 1 << _TIME_BITS:
        raise ValueError(f"an id's time must fit in {_TIME_BITS} bits, got {now}")
    random = int.from_bytes(entropy, "big") & ((1 << _RANDOM_BITS) - 1)
    number = now << 80 | 0x7 << 76 | random >> 62 << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
    return f"{prefix}{number:032x}"


def made_at(made: str) -> int:
    """When an id was made, in UTC ms."""
    return int(made[-32:-20], 16)


def first_at(prefix: str, now: int) -> str:
    """What sorts before every id that was made at `now` or later, and behind all earlier ones."""
    return f"{prefix}{max(0, now):012x}"
