"""When an alert fires and when it is well again, and how that is said."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.core import alerts
from duologue.core.alerts import CALM_MS, MEASURES, Standing, judge, place
from duologue.wire.alerts import EventKind, Measure, State

MINUTE = 60_000


def test_every_measure_has_its_words() -> None:
    """None is offered that cannot be said."""
    assert list(MEASURES) == list(get_args(Measure))


def test_it_fires_once_and_is_well_once() -> None:
    """However often one looks meanwhile."""
    told = []
    standing = Standing()
    figures = [1.0, 5.0, 9.0, 5.0, *([4.9] * 12)]
    for number, figure in enumerate(figures):
        standing, change = judge(standing, figure, 5.0, number * MINUTE)
        told.append(change)
    calm = 4 + CALM_MS // MINUTE
    assert [place for place, change in enumerate(told) if change] == [1, calm]
    assert (told[1], told[calm]) == ("fired", "well")


def test_a_figure_that_trembles_is_told_once() -> None:
    """Above and below in turns it has fired, and stays so."""
    standing, told = Standing(), []
    for number in range(40):
        standing, change = judge(standing, 5.0 + number % 2, 5.5, number * MINUTE)
        told.append(change)
    assert [each for each in told if each] == ["fired"]
    assert standing.state == "fired"


@pytest.mark.parametrize("state", get_args(State))
def test_without_data_nothing_changes(state: State) -> None:
    """Nothing fires, nothing gets well, and calm goes on."""
    assert judge(Standing(state, 5), None, 1.0, 10 * CALM_MS) == (Standing(state, 5), None)


def test_calm_that_silence_interrupts_is_calm() -> None:
    """Calls that are shorter than calm lasts make a rule well, too."""
    standing, told = Standing("fired"), []
    for number in range(12):
        standing, change = judge(standing, None if number % 2 else 1.0, 5.0, number * MINUTE)
        told.append(change)
    assert [each for each in told if each] == ["well"]


@pytest.mark.parametrize(
    ("webhook", "there"),
    [
        ("https://hooks.example.com/services/T0/B0/secret?key=1#x", "https://hooks.example.com"),
        ("http://me:secret@[::1]:8080/hook", "http://[::1]:8080"),
        ("", ""),
    ],
)
def test_the_place_of_a_webhook_tells_no_secret(webhook: str, there: str) -> None:
    """Scheme and host, and nothing behind or before them."""
    assert place(webhook) == there


@given(st.lists(st.one_of(st.none(), st.floats(0, 10)), max_size=60))
def test_what_is_told_alternates(figures: list[float | None]) -> None:
    """It begins with `fired`, and only a figure at the threshold brings that."""
    standing, told = Standing(), []
    for number, figure in enumerate(figures):
        standing, change = judge(standing, figure, 5.0, number * 2 * MINUTE)
        if change is not None:
            told.append(change)
            assert (figure is not None and figure >= 5.0) == (change == "fired")
    assert told == ["fired", "well"] * (len(told) // 2) + ["fired"] * (len(told) % 2)
    assert (standing.state == "fired") == bool(len(told) % 2)


@pytest.mark.parametrize(
    ("measure", "value", "expected"),
    [
        ("e2e_p95", 2300.4, "2,300 ms"),
        ("error_rate", 12.5, "12.5 %"),
        ("error_rate", 100.0, "100 %"),
        ("lost", 3.0, "3"),
        ("cost", 1234.5, "1,234.50"),
        ("cost", 0.012, "0.012"),
        ("cost", None, "no data"),
    ],
)
def test_figures(measure: Measure, value: float | None, expected: str) -> None:
    """Each with its unit."""
    assert alerts.shown(measure, value) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (1, "a minute"),
        (15, "15 minutes"),
        (60, "an hour"),
        (90, "90 minutes"),
        (120, "2 hours"),
        (1440, "a day"),
    ],
)
def test_windows(minutes: int, expected: str) -> None:
    """In words."""
    assert alerts.within(minutes) == expected


def test_rules() -> None:
    """In words, of one agent and of all."""
    said = alerts.rule("e2e_p95", 2000.0, 60, "desk")
    assert said == "end to end p95 of desk at 2,000 ms or more, within an hour"
    assert alerts.rule("lost", 1.0, 5, "") == "lost conversations at 1 or more, within 5 minutes"


@pytest.mark.parametrize(
    ("kind", "begins"), [("fired", "Alert: "), ("well", "Well again: "), ("test", "A test: ")]
)
def test_sentences(kind: EventKind, begins: str) -> None:
    """What happened, to what, and how much it is."""
    assert alerts.sentence(kind, "the rule", "3") == f"{begins}the rule. It is 3 now."
