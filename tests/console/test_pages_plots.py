"""Plots are to scale."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.console.pages import moments, plots, words
from duologue.console.pages.moments import DAY, HOUR, RANGES
from duologue.console.pages.plots import Series

NOON = 1_790_000_000_000 // DAY * DAY + 12 * HOUR


def points(path: str) -> list[list[tuple[float, float]]]:
    """The pieces of a path, each with its points."""
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([-\d.e]+) ([-\d.e]+)", piece)]
        for piece in path.split("M")[1:]
    ]


@pytest.mark.parametrize(
    ("most", "names"),
    [
        (0.0, ["0", "1"]),
        (3.0, ["0", "1", "2", "3"]),
        (7.0, ["0", "2.5", "5", "7.5"]),
        (1840.0, ["0", "1000", "2000"]),
        (0.021, ["0", "0.01", "0.02", "0.03"]),
    ],
)
def test_the_grid_is_round(most: float, names: list[str]) -> None:
    """Its lines lie evenly between ground and top."""
    grid = plots.grid(most, lambda value: f"{value:g}")
    assert [each.name for each in grid] == names
    assert (grid[0].at, grid[-1].at) == (100.0, 0.0)


def test_what_is_counted_is_not_halved() -> None:
    """Lines of the grid are whole numbers."""
    grid = plots.grid(4, words.percent, whole=True)
    assert [each.name for each in grid] == ["0 %", "2.0 %", "4.0 %"]


@given(st.lists(st.floats(0.001, 1e7), min_size=1, max_size=60))
def test_nothing_lies_outside(values: list[float]) -> None:
    """The highest value reaches no higher than the top, and less than a third of it is spare."""
    most = plots.highest(values)
    [line] = plots.lines([Series("a", "a", values)], most)
    heights = [y for piece in points(line.path) for _, y in piece]
    assert all(-0.01 <= y <= 100 for y in heights)
    assert min(heights) < 50
    shown = plots.columns([Series("a", "a", values)], most)
    assert all(each.y >= -0.01 and each.y + each.height <= 100.02 for each in shown)


def test_lines_are_to_scale_and_break_where_nothing_is_known() -> None:
    """A value that stands alone is a dot."""
    [line] = plots.lines([Series("a", "a", [0.0, 5.0, None, 10.0, None])], 10.0)
    assert points(line.path) == [[(100, 100), (300, 50)], [(700, 0)]]
    assert line.path.endswith("h.01")
    assert line.path.endswith(line.dots)


def test_an_area_lies_between_two_lines() -> None:
    """Where both go on; its way back is the lower one's."""
    path = plots.area([1.0, 2.0, None, 4.0], [5.0, 10.0, None, 8.0], 10.0)
    assert points(path) == [[(125, 50), (375, 0), (375, 80), (125, 90)]]
    assert path.endswith("Z")
    assert plots.area([None], [None], 1.0) == ""


def test_columns_stand_upon_one_another() -> None:
    """In the order of their series; of nothing there is no column."""
    found = plots.columns([Series("a", "a", [1.0, 0.0]), Series("b", "b", [3.0, None])], 4.0)
    assert [(each.id, each.y, each.height) for each in found] == [
        *(("a", 75.0, 25.0), ("b", 0.0, 75.0)),
    ]
    assert found[0].x == found[1].x == 7.0


@pytest.mark.parametrize("days", list(RANGES))
def test_pieces_begin_at_full_hours_and_days(days: str) -> None:
    """The last one is the one that goes on, and axes name some."""
    over = RANGES[days]
    since, until = over.around(NOON + 61_000)
    assert (since % over.step, until - since) == (0, over.step * over.count)
    assert until - over.step <= NOON + 61_000 < until
    assert over.around(until)[1] == until + over.step
    ticks = moments.ticks(since, over)
    assert 3 <= len(ticks) <= 5
    assert all(0 < each.at < 100 for each in ticks)


def test_pieces_are_named() -> None:
    """With the hour where they are shorter than a day."""
    assert re.fullmatch(r"\d+ [A-Z][a-z]{2}, 12:00", moments.name(NOON, RANGES["1"]))
    assert re.fullmatch(r"\d+ [A-Z][a-z]{2}", moments.name(NOON, RANGES["30"]))
    hours = [each.name for each in moments.ticks(NOON, RANGES["1"])]
    assert hours == ["12:00", "18:00", "00:00", "06:00"]
