"""The life of a session: authorized → live ⇄ detached → ended, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

State = Literal["authorized", "live", "detached", "ended"]
Move = Literal["open", "drop", "end"]

MOVES: Final[dict[tuple[State, Move], State]] = {
    ("authorized", "open"): "live",
    ("authorized", "end"): "ended",
    ("live", "drop"): "detached",
    ("live", "end"): "ended",
    ("detached", "open"): "live",
    ("detached", "end"): "ended",
}


class InvalidTransition(Exception):
    """A move that the table does not know from this state."""

    def __init__(self, state: str, move: str, allowed: Sequence[str]) -> None:
        expected = " or ".join(allowed) or "no move"
        super().__init__(f"a session that is {state} expects {expected}, got {move}")
        self.state = state
        self.move = move


def step(state: State, move: Move) -> State:
    """The state after a move, or `InvalidTransition` with what was expected."""
    try:
        return MOVES[state, move]
    except KeyError:
        allowed = [name for origin, name in MOVES if origin == state]
        raise InvalidTransition(state, move, allowed) from None
