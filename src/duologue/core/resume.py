"""What a closed road means, and how a conversation may go on after it."""

from __future__ import annotations

from typing import Final, Literal

Departure = Literal["left", "dropped"]
Grade = Literal["live", "rebuilt"]

LEFT: Final = frozenset({1000, 1005})
"""Close codes of a client that means to go: 1000, and none at all."""


def departure(close_code: int | None) -> Departure:
    """Whether a closed socket was left or dropped; a reload (1001) counts as dropped."""
    return "left" if close_code in LEFT else "dropped"


def may_reattach(detached_at: int, now: int, grace_ms: int) -> bool:
    """Whether the agent still waits for the caller that dropped; a clock set back counts as now."""
    return now - detached_at < grace_ms


def may_resume(left_at: int, now: int, window_ms: int) -> bool:
    """Whether a browser may still resume a conversation that it left."""
    return now - left_at < window_ms
