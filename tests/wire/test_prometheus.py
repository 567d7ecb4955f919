"""Metrics as Prometheus' own parser reads them."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse

from duologue.wire import prometheus
from duologue.wire.prometheus import Histogram, Metric, Values


def read(*families: tuple[Metric, Values]) -> dict[tuple[str, frozenset[Any]], float]:
    """Every sample that the parser finds."""
    found = {}
    for family in parse(prometheus.text(families)):
        for sample in family.samples:
            found[sample.name, frozenset(sample.labels.items())] = sample.value
    return found


def test_counters_and_gauges() -> None:
    """With and without labels; a metric without values is named all the same."""
    sessions = Metric("sessions_total", "counter", "Sessions.", ("agent", "reason"))
    live = Metric("live", "gauge", "How many live,\nnow \\ then.")
    text = prometheus.text(
        [(sessions, {("desk", "left"): 2}), (live, {(): 0.5}), (Metric("no", "gauge", "None."), {})]
    )
    assert text.splitlines() == [
        "# HELP sessions_total Sessions.",
        "# TYPE sessions_total counter",
        'sessions_total{agent="desk",reason="left"} 2',
        "# HELP live How many live,\\nnow \\\\ then.",
        "# TYPE live gauge",
        "live 0.5",
        "# HELP no None.",
        "# TYPE no gauge",
    ]


def test_histograms_add_up() -> None:
    """Each bucket holds those below it, too; a value at a bound is within it."""
    found = Histogram((0.5, 1.0))
    for value in (0.1, 0.5, 0.7, 9.0):
        found.add(value)
    delay = Metric("delay_seconds", "histogram", "Delays.", ("part",))
    samples = read((delay, {("llm",): found}))
    label = ("part", "llm")
    assert samples == {
        ("delay_seconds_bucket", frozenset({label, ("le", "0.5")})): 2,
        ("delay_seconds_bucket", frozenset({label, ("le", "1")})): 3,
        ("delay_seconds_bucket", frozenset({label, ("le", "+Inf")})): 4,
        ("delay_seconds_sum", frozenset({label})): 10.3,
        ("delay_seconds_count", frozenset({label})): 4,
    }


def test_numbers_that_are_none_of_the_usual() -> None:
    """Infinity in both directions, and what is no whole number."""
    gauge = Metric("g", "gauge", "G.", ("l",))
    values = {("a",): math.inf, ("b",): -math.inf, ("c",): 1e300, ("d",): 0.1}
    found = read((gauge, values))
    assert sorted(found.values()) == sorted(values.values())


@given(st.text(max_size=30))
def test_any_label_comes_back(said: str) -> None:
    """Whatever an agent is called."""
    gauge = Metric("g", "gauge", "G.", ("agent",))
    [family] = parse(prometheus.text([(gauge, {(said.replace("\r", ""),): 1})]))
    assert family.samples[0].labels == {"agent": said.replace("\r", "")}
