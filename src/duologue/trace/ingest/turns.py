"""The turns of a run that others told of, out of all that is kept of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from duologue.trace.entries import Entry, Log, Span, Turn
from duologue.trace.prices import Prices
from duologue.trace.turns import TurnBuilder

SPOKEN: Final = "chat_history"
"""The logger of what was said: livekit-agents' own."""
MOST: Final = 2000
"""Utterances and answers that are looked at: a conversation of a day has fewer."""
_HEARD: Final = frozenset({"user_turn", "assistant_turn"})
_PARTS: Final = frozenset({"llm", "tts", "tool", "error"})
_NODES: Final = ("llm_node", "tts_node")


def concerns_turns(entry: Entry) -> bool:
    """Whether turns may be others by it."""
    if isinstance(entry, Span):
        return entry.kind in _HEARD or entry.kind in _PARTS or entry.name in _NODES
    return isinstance(entry, Log) and entry.logger == SPOKEN


def turns(trace: str, steps: Iterable[Span], lines: Iterable[Log], prices: Prices) -> list[Turn]:
    """The turns that all that is known of a run comes to, in whatever order it came."""
    builder = TurnBuilder(trace, prices=prices)
    heard = said = 0
    for span in steps:
        heard += span.kind in _HEARD
        if span.kind not in _HEARD or heard <= MOST:
            builder.note(span)
    for line in lines:
        said += line.logger == SPOKEN
        if line.logger == SPOKEN and said <= MOST:
            _hear(builder, line)
    return builder.turns()


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
