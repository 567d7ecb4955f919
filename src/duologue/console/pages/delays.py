"""Where the time of a turn went: its parts as they follow one another, and what nobody measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from duologue.trace import entries
from duologue.wire.traces import Turn

PARTS: Final = {
    "eou": "end of utterance",
    "stt": "STT",
    "llm": "LLM",
    "tts": "TTS",
    "transport": "transport",
    "rest": "unexplained",
}
_MEASURED: Final = tuple(name for name in PARTS if name != "rest")
_LEAST: Final = 0.5
"""Milliseconds of which nothing is drawn or said."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a bar; `x` and `width` in percent of the longest bar of the page."""

    id: str
    name: str
    milliseconds: float
    x: float
    width: float


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """How long an answer took."""

    milliseconds: float
    whole: bool
    """Whether it is measured from end to end; else it is the sum of what is known."""
    parts: list[Part]


def bars(turns: Sequence[Turn]) -> list[Bar | None]:
    """A bar for each turn of which anything is known, all to one scale."""
    known = [_of(turn) for turn in turns]
    longest = max((total for total, _, _ in known), default=0) or 1
    return [
        Bar(milliseconds=total, whole=whole, parts=_laid(parts, longest)) if parts else None
        for total, whole, parts in known
    ]


def _of(turn: Turn) -> tuple[float, bool, dict[str, float]]:
    known = _ledger(turn)
    if known and turn.e2e_ms is not None:
        parts = {"rest" if name == "unexplained" else name: ms for name, ms in known.items()}
        return turn.e2e_ms, True, {name: ms for name, ms in parts.items() if ms >= _LEAST}
    # Nobody measured the whole, as of what was typed: then what is known stands for it.
    told = {name: getattr(turn, f"{name}_ms") or 0.0 for name in _MEASURED}
    told["stt"] = max(0.0, told["stt"] - told["eou"])
    told["llm"] = max(0.0, told["llm"] - (turn.early_ms or 0.0))
    parts = {name: ms for name, ms in told.items() if ms >= _LEAST}
    return sum(parts.values()), False, parts


def _ledger(turn: Turn) -> dict[str, float]:
    """The parts as the ledger tells them apart: nothing counts twice."""
    told = {name: getattr(turn, f"{name}_ms") for name in (*_MEASURED, "early", "e2e")}
    entry = entries.Turn(
        trace="",
        index=turn.index,
        started_ns=turn.started_ns,
        **{f"{name}_ms": value for name, value in told.items()},
    )
    return entry.parts()


def _laid(parts: dict[str, float], longest: float) -> list[Part]:
    made, at = [], 0.0
    for name, value in parts.items():
        width = value / longest * 100
        made.append(Part(id=name, name=PARTS[name], milliseconds=value, x=at, width=width))
        at += width
    return made
