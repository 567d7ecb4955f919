"""Plots over time, to scale: where their lines and columns lie, in percent of the plot.

Pictures stretch with the page, their words do not: so places are shares, and text stands outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

WIDE: Final = 1000
"""Units of a path from the left to the right."""
STEPS: Final = 3
"""Lines of the grid above the ground, at most."""
FILLED: Final = 72.0
"""Percent of its piece of the time that a column takes."""

Values = Sequence[float | None]


class Tick(msgspec.Struct, frozen=True):
    """A line of the grid, or a moment of the axis; `at` in percent from the top or the left."""

    at: float
    name: str


class Line(msgspec.Struct, frozen=True):
    """A figure as it went."""

    id: str
    name: str
    path: str
    dots: str = ""
    """Values without another beside them, which a line would hardly show."""


class Column(msgspec.Struct, frozen=True):
    """A piece of a column, in percent."""

    id: str
    x: float
    y: float
    width: float
    height: float


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """A plot, ready to be drawn."""

    id: str
    title: str
    told: str
    """What it shows, in words."""
    fields: list[str]
    """The columns of the page's table in which its values stand."""
    scale: list[Tick]
    area: str = ""
    lines: list[Line] = []
    columns: list[Column] = []
    key: list[tuple[str, str]] = []
    """What its colours mean, where there are several."""


class Series(msgspec.Struct, frozen=True):
    """Values of which one stands for each piece of the time; none where there is none."""

    id: str
    name: str
    values: Values


def grid(most: float, write: Callable[[float], str], *, whole: bool = False) -> list[Tick]:
    """Lines at round values, of which the last is the top."""
    top, step = _scale(most, whole=whole)
    count = round(top / step)
    return [Tick(100 - 100 * n / count, write(n * step)) for n in range(count + 1)]


def lines(series: Sequence[Series], most: float) -> list[Line]:
    """Each series as a path; where a piece has no value it is broken."""
    top, _ = _scale(most)
    return [
        Line(each.id, each.name, _path(each.values, top), _dots(each.values, top))
        for each in series
    ]


def area(low: Values, high: Values, most: float) -> str:
    """What lies between two series, as a path."""
    top, _ = _scale(most)
    pieces = []
    for start, end in _runs([None if a is None else b for a, b in zip(low, high, strict=True)]):
        if end - start < 2:
            continue
        there = [_point(place, high[place], len(high), top) for place in range(start, end)]
        back = [_point(place, low[place], len(low), top) for place in reversed(range(start, end))]
        pieces.append("M" + "L".join([*there, *back]) + "Z")
    return "".join(pieces)


def columns(series: Sequence[Series], most: float, *, whole: bool = False) -> list[Column]:
    """Columns upon one another; what is nothing is not drawn."""
    top, _ = _scale(most, whole=whole)
    count = len(series[0].values)
    width = FILLED / count
    made = []
    for place in range(count):
        ground = 100.0
        for each in series:
            height = 100 * (each.values[place] or 0) / top
            if height <= 0:
                continue
            ground -= height
            x = (place + 0.5) * 100 / count - width / 2
            made.append(Column(each.id, _short(x), _short(ground), _short(width), _short(height)))
    return made


def highest(*series: Values) -> float:
    """The largest value of all."""
    return max((value for each in series for value in each if value is not None), default=0.0)


# ---------------------------------------------------------------- within


def _scale(most: float, *, whole: bool = False) -> tuple[float, float]:
    """A round top above a value, and the step of the grid below it."""
    if most <= 0:
        return 1.0, 1.0
    rough = most / STEPS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if size * each >= rough * 0.9999)
    if whole:
        step = float(math.ceil(step))
    return step * math.ceil(most / step * 0.9999), step


def _path(values: Values, top: float) -> str:
    pieces = []
    for start, end in _runs(values):
        points = [_point(place, values[place], len(values), top) for place in range(start, end)]
        # Of a single value a dot: a line of no length with round ends.
        pieces.append("M" + "L".join(points) + ("h.01" if len(points) == 1 else ""))
    return "".join(pieces)


def _dots(values: Values, top: float) -> str:
    alone = [start for start, end in _runs(values) if end - start == 1]
    points = [(place, values[place]) for place in alone]
    return "".join(f"M{_point(place, value, len(values), top)}h.01" for place, value in points)


def _runs(values: Values) -> list[tuple[int, int]]:
    """Where there are values without a break: from, until."""
    found = []
    start: int | None = None
    for place, value in enumerate([*values, None]):
        if value is None:
            if start is not None:
                found.append((start, place))
            start = None
        elif start is None:
            start = place
    return found


def _point(place: int, value: float | None, count: int, top: float) -> str:
    x = (place + 0.5) * WIDE / count
    y = 100 - 100 * (value or 0.0) / top
    return f"{_short(x):g} {_short(y):g}"


def _short(value: float) -> float:
    return round(value, 2)
