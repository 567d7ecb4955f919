"""A client's line to its session: the states it shows, what a close means, when it comes back.

`web/packages/client/src/line.ts` is the same in TypeScript; both pass `tests/vectors/line.json`.
"""

from __future__ import annotations

from typing import Final, Literal

from duologue.core.connection import InvalidTransition

State = Literal["idle", "connecting", "connected", "reconnecting", "disconnected", "failed"]
Move = Literal["connect", "opened", "dropped", "ended", "failed", "leave"]
Refusal = Literal["retry", "ended", "failed"]

MOVES: Final[dict[tuple[State, Move], State]] = {
    ("idle", "connect"): "connecting",
    ("connecting", "opened"): "connected",
    ("connecting", "failed"): "failed",
    ("connecting", "ended"): "disconnected",
    ("connecting", "leave"): "disconnected",
    ("connected", "dropped"): "reconnecting",
    ("connected", "failed"): "failed",
    ("connected", "ended"): "disconnected",
    ("connected", "leave"): "disconnected",
    ("reconnecting", "opened"): "connected",
    ("reconnecting", "failed"): "failed",
    ("reconnecting", "ended"): "disconnected",
    ("reconnecting", "leave"): "disconnected",
    ("disconnected", "connect"): "connecting",
    ("failed", "connect"): "connecting",
}

GIVE_UP: Final = 300.0
"""Seconds after which a broken line is not tried any more: a page may resume for as long."""
LONGEST: Final = 5.0
"""Seconds that no wait between two tries exceeds."""
FIRST: Final = 0.25

_CLOSES: Final[dict[int, Move]] = {
    1000: "ended",
    1005: "ended",
    1009: "failed",
    4001: "ended",
    4002: "ended",
    4003: "failed",
    4004: "failed",
}
_FINAL: Final = frozenset({4002, 4004})
_PASSING: Final = frozenset({0, 408, 429})


def step(state: State, move: Move) -> State:
    """The state after a move, or `InvalidTransition` with what was expected."""
    try:
        return MOVES[state, move]
    except KeyError:
        allowed = [name for origin, name in MOVES if origin == state]
        raise InvalidTransition(state, move, allowed) from None


def after_close(code: int) -> Move:
    """What a socket's close code does to a connected line; what is not known here is a drop."""
    return _CLOSES.get(code, "dropped")


def resumable(code: int) -> bool:
    """Whether the user may still go on with the conversation after this close code."""
    return code not in _FINAL


def after_refusal(status: int, code: str) -> Refusal:
    """What a refused authorize means; status 0 is a server that could not be reached.

    A conversation that was ended, and one that may not be resumed any more, are over.
    """
    if status in _PASSING or status >= 500:
        return "retry"
    return "ended" if status == 410 or code == "conversation_not_found" else "failed"


def delay(attempt: int, chance: float) -> float:
    """Seconds to wait before the next try; `chance` in [0, 1) keeps clients from coming at once."""
    return float(min(LONGEST, FIRST * 2 ** min(attempt, 16))) * (0.5 + chance / 2)


def gives_up(broken_for: float) -> bool:
    """Whether a line that broke so many seconds ago is lost."""
    return broken_for >= GIVE_UP
