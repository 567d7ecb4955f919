"""The turns of a run that others told of, out of all that is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from duologue.trace.content import SPOKEN
from duologue.trace.entries import Entry, Log, Span, Turn
from duologue.trace.prices import Prices
from duologue.trace.turns import TurnBuilder

MOST: Final = 2000
"""Utterances and answers that are looked at: a conversation of a day has fewer."""
_HEARD: Final = frozenset({"user_turn", "assistant_turn"})
_PARTS: Final = frozenset({"llm", "tts", "tool", "error"})
_NODES: Final = ("llm_node", "tts_node")


def concerns_turns(entry: Entry) -> int:
    """From which moment on turns may be others by it, in nanoseconds; 0 where none may."""
    if isinstance(entry, Span):
        if entry.kind in _HEARD or entry.kind in _PARTS or entry.name in _NODES:
            return max(1, entry.start_ns)
        return 0 if entry.kind == "session" else entry.end_ns  # it may belong to one
    return max(1, entry.at_ns) if isinstance(entry, Log) and entry.logger == SPOKEN else 0


def turns(
    trace: str,
    steps: Sequence[Span],
    lines: Iterable[Log],
    prices: Prices,
    *,
    first: int = 0,
    first_ns: int = 0,
) -> tuple[list[Turn], dict[str, int]]:
    """The turns that all that is known of a run comes to, in whatever order it came.

    And, by their ids, which of them the steps belong to. `first` and `first_ns` as a TurnBuilder's.
    """
    builder = TurnBuilder(trace, prices=prices, first=first, first_ns=first_ns)
    heard = said = 0
    for span in steps:
        heard += span.kind in _HEARD
        if span.kind not in _HEARD or heard <= MOST:
            builder.note(span)
    for line in lines:
        said += line.logger == SPOKEN
        if line.logger == SPOKEN and said <= MOST:
            _hear(builder, line)
    made = builder.turns()
    return made, {step.id: builder.place(step) for step in steps}


def _hear(builder: TurnBuilder, line: Log) -> None:
    told = line.attributes
    role, metrics = told.get("role"), told.get("metrics")
    if role not in ("user", "assistant"):
        return
    confidence: Any = told.get("confidence")
    builder.hear(
        role,
        line.text,
        line.at_ns,
        id=line.id,
        interrupted=bool(told.get("interrupted")),
        metrics=metrics if isinstance(metrics, dict) else {},
        confidence=confidence if isinstance(confidence, int | float) else None,
    )
