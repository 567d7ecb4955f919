"""The plots of the overview: which figures they show, by which scale, and how that is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from duologue.console.pages import plots, words
from duologue.console.pages.plots import Plot, Series
from duologue.store.trace_overview import REST, Counts, Overview

CUTS: Final = ("p50", "p95", "p99")
NAMES: Final = {
    "e2e": "End to end",
    "eou": "End of utterance",
    "stt": "STT",
    "llm": "LLM",
    "tts": "TTS",
    "transport": "Transport",
    REST: "Unexplained",
}
"""What the page calls the parts of an answer's time."""
Read = Callable[[Counts], float]
Write = Callable[[float], str]
_ERRORS: Final[dict[str, tuple[str, Read]]] = {
    "errors": ("errors", lambda counts: counts.errors),
    "tool_errors": ("tool errors", lambda counts: counts.tool_errors),
}


def of(found: Overview) -> list[Plot]:
    """Every plot of a time; of delays that nobody measured there is none."""
    parts = [part for part in NAMES if part in found.delays]
    # One scale for all parts of the whole: what looks longer took longer.
    most = plots.highest(*(_cut(found, part, "p99") for part in parts if part != "e2e"))
    made = []
    for part in parts:
        own = plots.highest(_cut(found, "e2e", "p99")) if part == "e2e" else most
        made.append(_delays(found, part, own))
    return [
        *made,
        _single("conversations", found, lambda counts: counts.traces, _whole, whole=True),
        _single("turns", found, lambda counts: counts.turns, _whole, whole=True),
        _single("minutes", found, lambda counts: counts.spent_ms / 60_000, _plain),
        _rates(found),
        _columns("errors", found, _ERRORS, _whole, whole=True),
        _single("cost", found, lambda counts: counts.cost_micros / 1e6, _plain),
    ]


def rate(number: int, among: int) -> float | None:
    """How many of a hundred; none of nothing."""
    return None if not among else 100 * number / among


def _delays(found: Overview, part: str, most: float) -> Plot:
    cuts = {cut: _cut(found, part, cut) for cut in CUTS}
    whole = found.delays[part]
    told = ", ".join(f"{cut} {words.delay(getattr(whole, cut))}" for cut in CUTS)
    return Plot(
        id=part,
        title=NAMES[part],
        told=f"{NAMES[part]} over time; as a whole {told}.",
        fields=[f"{part}-{cut}" for cut in CUTS],
        scale=plots.grid(most, words.delay),
        area=plots.area(cuts["p50"], cuts["p95"], most),
        lines=plots.lines([Series(cut, cut, cuts[cut]) for cut in CUTS], most),
    )


def _cut(found: Overview, part: str, cut: str) -> list[float | None]:
    return [getattr(each.delays.get(part), cut, None) for each in found.buckets]


def _rates(found: Overview) -> Plot:
    series = [
        Series(
            name,
            name,
            [rate(getattr(each.counts, name), each.counts.turns) for each in found.buckets],
        )
        for name in ("interrupted", "unanswered")
    ]
    most = plots.highest(*(each.values for each in series))
    return Plot(
        id="rates",
        title="Share of turns",
        told="Interrupted and unanswered turns over time, in percent of all turns.",
        fields=[each.id for each in series],
        scale=plots.grid(most, words.percent),
        lines=plots.lines(series, most),
        key=[(each.id, each.name) for each in series],
    )


def _single(name: str, found: Overview, read: Read, write: Write, *, whole: bool = False) -> Plot:
    return _columns(name, found, {name: (name, read)}, write, whole=whole)


def _columns(
    name: str, found: Overview, parts: dict[str, tuple[str, Read]], write: Write, *, whole: bool
) -> Plot:
    counts = [each.counts for each in found.buckets]
    read = {id_: [float(reading(each)) for each in counts] for id_, (_, reading) in parts.items()}
    most = max(map(sum, zip(*read.values(), strict=True)))
    total = sum(map(sum, read.values()))
    return Plot(
        id=name,
        title=name.capitalize(),
        told=f"{name.capitalize()} over time; {write(total)} in all.",
        fields=list(parts),
        scale=plots.grid(most, write, whole=whole),
        columns=plots.columns(
            [Series(id_, said, read[id_]) for id_, (said, _) in parts.items()], most, whole=whole
        ),
        key=[(id_, said) for id_, (said, _) in parts.items()] if len(parts) > 1 else [],
    )


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _plain(value: float) -> str:
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
