"""Which turn each step of a live run belongs to: told with the step, or as soon as it is known."""

from __future__ import annotations

from typing import Final

import msgspec

from duologue.trace.entries import Span
from duologue.trace.turns import TurnBuilder

PATIENCE: Final = 2_000_000_000
"""Nanoseconds that a step waits for its turn: an answer is one from its first words on."""
_UNTOLD: Final = -2


class Placing:
    """Steps that ended, until their turns are what they are."""

    def __init__(self, turns: TurnBuilder) -> None:
        self._turns = turns
        self._steps: dict[str, tuple[Span, int]] = {}

    def __bool__(self) -> bool:
        """Whether a step waits to be told."""
        return any(told == _UNTOLD for _, told in self._steps.values())

    def add(self, span: Span) -> None:
        """Takes a step that ended."""
        self._steps[span.id] = (span, _UNTOLD)

    def placed(self, now: int, *, last: bool = False) -> list[Span]:
        """The steps whose turn is known now, or is another; at last, all that wait."""
        found = []
        for id_, (span, told) in list(self._steps.items()):
            turn = self._turns.place(span)
            late = last or now - span.end_ns > PATIENCE
            if (turn >= 0 and turn != told) or (late and told == _UNTOLD):
                found.append(msgspec.structs.replace(span, turn=turn))
                self._steps[id_] = (span, told := turn)
            if late and told < self._turns.settled:
                del self._steps[id_]
        return found
